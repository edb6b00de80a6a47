package dev.heed.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.heed.device.Device;
import dev.heed.op.Philox;
import dev.heed.tensor.DType;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(Emulator.TAG)
class BenchmarkCaseTest {
  /** Box and Muller in F64, from the numbers of {@link Philox}. */
  private static double normal(long seed, int i) {
    int[] words = new int[2];
    Arrays.setAll(words, n -> Philox.word(n, i / 2, 0, 0, 0, (int) seed, (int) (seed >>> 32)));
    double radius = Math.sqrt(-2 * Math.log(1 - Philox.uniform(words[0])));
    double angle = 2 * Math.PI * Philox.uniform(words[1]);
    return radius * (i % 2 == 0 ? Math.cos(angle) : Math.sin(angle));
  }

  @Test
  void numbersAreNormalAndNoTwoTensorsAlike() {
    try (Device device = Emulator.open();
        BenchmarkCase c = new BenchmarkCase(device)) {
      float[] first = c.sample(c.normal(DType.F32, 1001), 1);
      for (int i = 0; i < first.length; i++) {
        assertEquals(normal(0, i), first[i], 1e-5);
      }
      float[] second = c.sample(c.normal(DType.BF16, 100, 500), 1);
      assertEquals(normal(1, 4711), second[4711], 1.0 / 128);
      double mean = 0;
      double square = 0;
      for (float x : second) {
        mean += x / second.length;
        square += x * (double) x / second.length;
      }
      assertEquals(0, mean, 0.02);
      assertEquals(1, square, 0.03);
      assertFalse(Arrays.equals(first, Arrays.copyOf(second, first.length)));
    }
  }
}
