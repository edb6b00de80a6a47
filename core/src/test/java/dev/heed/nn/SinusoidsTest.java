package dev.heed.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.OnDevice;
import dev.heed.Shared;
import dev.heed.checkpoint.Safetensors;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sinusoidal positions, from the formulas of the paper and of the programs that vary it. */
class SinusoidsTest {
  static Sinusoids[] all() {
    return new Sinusoids[] {
      Sinusoids.paper(16), Sinusoids.marian(16), Sinusoids.tensor2tensor(16, 1)
    };
  }

  @Test
  void asInThePaper() {
    float[] table = Sinusoids.paper(6).table(3);
    for (int p = 0; p < 3; p++) {
      for (int i = 0; i < 3; i++) {
        double angle = p / Math.pow(10000, 2.0 * i / 6);
        assertEquals(Math.sin(angle), table[p * 6 + 2 * i], 1e-7);
        assertEquals(Math.cos(angle), table[p * 6 + 2 * i + 1], 1e-7);
      }
    }
  }

  @Test
  void asInPyTorch() {
    var file = Shared.require("golden/pytorch/ops.safetensors");
    try (Safetensors golden = Safetensors.open(file)) {
      double[] expected = OnDevice.values(golden.tensors().get("sinusoidal_50x64"));
      assertArrayEquals(expected, wide(Sinusoids.paper(64).table(50)), 1e-5);
    }
  }

  /** tensor2tensor: inverse time scales exp(-j ln(10000) / (n - 1)), sines, then cosines. */
  @Test
  void asInTensor2Tensor() {
    float[] table = Sinusoids.tensor2tensor(32, 1).table(4);
    for (int p = 0; p < 4; p++) {
      for (int j = 0; j < 16; j++) {
        double angle = (p + 1) * Math.exp(-j * Math.log(10000) / 15);
        assertEquals(Math.sin(angle), table[p * 32 + j], 1e-7);
        assertEquals(Math.cos(angle), table[p * 32 + 16 + j], 1e-7);
      }
    }
  }

  /** Marian has the paper's values in another order. */
  @Test
  void asInMarian() {
    float[] paper = Sinusoids.paper(8).table(5);
    float[] marian = Sinusoids.marian(8).table(5);
    for (int p = 0; p < 5; p++) {
      for (int i = 0; i < 4; i++) {
        assertEquals(paper[p * 8 + 2 * i], marian[p * 8 + i]);
        assertEquals(paper[p * 8 + 2 * i + 1], marian[p * 8 + 4 + i]);
      }
    }
  }

  @Test
  void oddAndSmallWidths() {
    assertArrayEquals(
        new float[] {
          (float) Math.sin(1), (float) Math.cos(1), (float) Math.sin(Math.pow(1e4, -2 / 3.0))
        },
        Arrays.copyOfRange(Sinusoids.paper(3).table(2), 3, 6));
    assertArrayEquals(
        new float[] {(float) Math.sin(1), (float) Math.cos(1), 0},
        Sinusoids.tensor2tensor(3, 1).table(1));
  }

  /** The first positions of a long table are those of a short one, and far ones are exact. */
  @Test
  void anyLength() {
    float[] table = Sinusoids.paper(4).table(200_000);
    assertArrayEquals(Sinusoids.paper(4).table(7), Arrays.copyOf(table, 28));
    assertEquals((float) Math.sin(199_999), table[199_999 * 4]);
    assertEquals((float) Math.cos(1999.99), table[199_999 * 4 + 3]);
  }

  /**
   * PE(p + k) = M_k PE(p) for a matrix M_k that does not depend on p: the rotation of each pair by
   * its frequency times k.
   */
  @ParameterizedTest
  @MethodSource("all")
  void aShiftIsALinearFunction(Sinusoids sinusoids) {
    int width = sinusoids.width();
    float[] table = sinusoids.table(400);
    for (int k : new int[] {1, 5, 100}) {
      double[][] shift = rotation(sinusoids, k);
      for (int p = 0; p < 300; p++) {
        for (int row = 0; row < width; row++) {
          double sum = 0;
          for (int c = 0; c < width; c++) {
            sum += shift[row][c] * table[p * width + c];
          }
          assertEquals(table[(p + k) * width + row], sum, 3e-7, "position " + p + " shift " + k);
        }
      }
    }
  }

  private static double[][] rotation(Sinusoids s, int k) {
    boolean halves = s.order() == Sinusoids.Order.HALVES;
    double[][] m = new double[s.width()][s.width()];
    for (int i = 0; i < s.width() / 2; i++) {
      int sine = halves ? i : 2 * i;
      int cosine = halves ? i + s.width() / 2 : 2 * i + 1;
      double angle = s.frequency(i) * k;
      m[sine][sine] = Math.cos(angle);
      m[sine][cosine] = Math.sin(angle);
      m[cosine][sine] = -Math.sin(angle);
      m[cosine][cosine] = Math.cos(angle);
    }
    return m;
  }

  private static double[] wide(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }
}
