package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.Use;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products of rounded rows have the same bits, whatever multiplies their quants. */
class DotsTest {
  private static final Path PROCESSOR = Path.of("/proc/cpuinfo");
  private static final int N = 96;
  private static final int K = 768;

  /** Rows of a tile of six, of one of three, and one more. */
  private static final int M = 10;

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_0", "Q5_1", "Q6_K"})
  void allWaysGiveTheSameBits(DType type) {
    double[] plain = products(type, Dots.PLAIN);
    assertTrue(Arrays.stream(plain).anyMatch(v -> v != 0 && Double.isFinite(v)));
    assertArrayEquals(
        Arrays.copyOf(plain, N), Arrays.copyOfRange(plain, M * N, (M + 1) * N), "a row alone");
    assertArrayEquals(plain, products(type, Dots.PAIRS));
    assertArrayEquals(plain, products(type, Dots.BYTES));
  }

  /** M rows times a weight, then the first of them alone, the best way being {@code most}. */
  private static double[] products(DType type, Dots most) {
    return RowsAndOne.products(
        most, o -> o.packed(type, Use.MATRIX, N, K), o -> o.normal(DType.Q8_0, M, K));
  }

  @Test
  void aWayThatIsNoneIsNamedWithThoseThereAre() {
    System.setProperty("heed.opencl.dots", "words");
    try {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, Options::fromProperties);
      assertEquals("heed.opencl.dots=words: want one of [plain, pairs, bytes]", e.getMessage());
    } finally {
      System.clearProperty("heed.opencl.dots");
    }
  }

  /** Linux says the same of the processor. */
  @Test
  void theProcessorIsAsked() throws IOException {
    assumeTrue(Files.exists(PROCESSOR), "no " + PROCESSOR);
    String line =
        Files.readAllLines(PROCESSOR).stream()
            .filter(l -> l.startsWith("flags"))
            .findFirst()
            .orElse("");
    Set<String> flags = Set.of(line.replaceFirst(".*:", "").strip().split(" "));
    boolean bytes = flags.containsAll(Set.of("avx512f", "avx512vl", "avx512_vnni"));
    Dots known = bytes ? Dots.BYTES : flags.contains("avx2") ? Dots.PAIRS : Dots.PLAIN;
    try (OpenClDevice device = Drivers.open(Options.fromProperties().withDots(Dots.BYTES))) {
      assumeTrue(device.driver().isCpu(), "not a processor");
      assertEquals(known, device.dots());
    }
  }
}
