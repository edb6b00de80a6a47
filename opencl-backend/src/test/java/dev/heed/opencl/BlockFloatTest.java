package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.HostWeight;
import dev.heed.device.Use;
import dev.heed.tck.Numbers;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Products of block floating point: blockfloat.cl's definition, whatever multiplies its integers.
 */
class BlockFloatTest {
  private static final int N = 70;

  /** A block that is not whole, and ends with half a pair. */
  private static final int K = 32 * 7 + 13;

  /** Rows of a tile of 12, of one of 2, and one more. */
  private static final int M = 15;

  private static final int BLOCK = 32;
  private static final float LARGEST = 8191;

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void allWaysGiveTheSameBits(DType type) {
    float[] x = normal(1, M * K, 1);
    float[] w = normal(2, N * K, 0.02f);
    double[] plain = products(type, x, w, Dots.PLAIN);
    assertArrayEquals(
        Arrays.copyOf(plain, N), Arrays.copyOfRange(plain, M * N, (M + 1) * N), "a row alone");
    assertArrayEquals(plain, products(type, x, w, Dots.PAIRS));
    assertArrayEquals(plain, products(type, x, w, Dots.BYTES));
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void theyAreWhatIsDefined(DType type) {
    float[] x = normal(3, M * K, 1);
    float[] w = normal(4, N * K, 0.02f);
    x[5] = 1000; // its neighbours lose digits
    Arrays.fill(x, K, K + 2 * BLOCK, 0);
    Arrays.fill(w, 0, 3 * BLOCK, 0);
    w[K + 7] = (float) 0x1p-24; // F16's smallest
    double[] got = products(type, x, w, Dots.BYTES);
    double[] stored = Numbers.decode(type, host(type, w, Arena.ofAuto()));
    double[] wide = new double[x.length];
    Arrays.setAll(wide, i -> x[i]);
    double[] rows = rounded(wide, false);
    double[] columns = rounded(stored, true);
    double error = 0;
    double norm = 0;
    for (int i = 0; i < M; i++) {
      for (int j = 0; j < N; j++) {
        double want = 0;
        for (int c = 0; c < K; c++) {
          want += rows[i * K + c] * columns[j * K + c];
        }
        error += Math.pow(got[i * N + j] - want, 2);
        norm += want * want;
      }
    }
    assertTrue(error <= 1e-12 * norm, "NMSE " + error / norm);
  }

  /** What is not finite spoils its own row or column, and no other. */
  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void infinitiesAndNaN(DType type) {
    float[] x = normal(5, M * K, 1);
    float[] w = normal(6, N * K, 0.02f);
    double[] finite = products(type, x, w, Dots.BYTES);
    x[2 * K + 40] = Float.POSITIVE_INFINITY;
    x[7 * K + K - 1] = Float.NaN;
    w[33 * K + 1] = Float.NEGATIVE_INFINITY;
    w[34 * K] = Float.NaN;
    double[] got = products(type, x, w, Dots.BYTES);
    for (int i = 0; i < M; i++) {
      for (int j = 0; j < N; j++) {
        boolean spoilt = i == 2 || i == 7 || j == 33 || j == 34;
        double want = spoilt ? Double.NaN : finite[i * N + j];
        assertEquals(want, got[i * N + j], i + ", " + j);
      }
    }
  }

  /**
   * Rows of K elements in blocks: numbers that are integers of 14 bits times their block's scale.
   */
  private static double[] rounded(double[] values, boolean weight) {
    double[] result = new double[values.length];
    for (int row = 0; row < values.length; row += K) {
      for (int from = row; from < row + K; from += BLOCK) {
        int to = Math.min(row + K, from + BLOCK);
        float most = (float) Arrays.stream(values, from, to).map(Math::abs).max().getAsDouble();
        float d = most * (1 / LARGEST);
        float inverse = LARGEST / most;
        if (weight) { // the next number whose lower 16 bits are zero
          d = Float.intBitsToFloat(Float.floatToRawIntBits(d) + 0xffff & 0xffff0000);
          inverse = 1 / d;
        }
        for (int i = from; i < to && most > 0; i++) {
          result[i] = Math.rint(values[i] * inverse) * d;
        }
      }
    }
    return result;
  }

  private static float[] normal(long seed, int count, float scale) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian() * scale;
    }
    return values;
  }

  private static MemorySegment host(DType type, float[] values, Arena arena) {
    return Quants.convert(DType.F32, MemorySegment.ofArray(values), type, values.length, arena);
  }

  /** M rows times a weight, then the first of them alone, the best way being {@code most}. */
  private static double[] products(DType type, float[] values, float[] weight, Dots most) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return RowsAndOne.products(
        most, o -> packed(o, type, weight), o -> o.floats(DType.F32, Shape.of(M, K), wide));
  }

  private static Tensor packed(Operands o, DType type, float[] weight) {
    List<MemorySegment> rows = List.of(host(type, weight, Arena.ofAuto()));
    Tensor w = o.packed(new HostWeight("w", rows, Shape.of(N, K), type, false, Use.ROUNDED));
    assertEquals(Layout.ROUNDED, w.layout());
    return w;
  }
}
