package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.I;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Results of a whole panel, F32 [m][2 vectors], to where they belong; a row to be multiplied. */
final class VectorStore {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** What {@link #scale} multiplies by, beside the factor. */
  private static final FloatVector BYTE_FACTORS =
      FloatVector.fromArray(F, new float[] {1, 0x1p-8f, 0x1p-16f, 1}, 0, fourByFour(), 0);

  private VectorStore() {}

  private static int[] fourByFour() {
    int[] index = new int[F.length()];
    Arrays.setAll(index, i -> i % 4);
    return index;
  }

  /** See {@link PanelMath#range}. */
  static long range(long x, int k) {
    IntVector least = IntVector.broadcast(I, Integer.MAX_VALUE);
    IntVector most = IntVector.zero(I);
    for (long i = 0; i < 4L * k; i += BYTES) {
      IntVector bits = IntVector.fromMemorySegment(I, ALL, x + i, ORDER).and(Integer.MAX_VALUE);
      most = most.max(bits);
      // A 0 becomes the largest.
      least = least.min(bits.sub(1).and(Integer.MAX_VALUE));
    }
    long smallest = Math.min(least.reduceLanes(VectorOperators.MIN) + 1L, Integer.MAX_VALUE);
    return smallest << 32 | most.reduceLanes(VectorOperators.MAX);
  }

  /** See {@link PanelMath#scale}. */
  static void scale(long to, long x, int k, float factor) {
    FloatVector factors = BYTE_FACTORS.mul(factor);
    for (long i = 0; i < 4L * k; i += BYTES) {
      fromMemorySegment(F, ALL, x + i, ORDER).mul(factors).intoMemorySegment(ALL, to + i, ORDER);
    }
  }

  static void addBias(long c, int m, long bias) {
    FloatVector b0 = fromMemorySegment(F, ALL, bias, ORDER);
    FloatVector b1 = fromMemorySegment(F, ALL, bias + BYTES, ORDER);
    for (int i = 0; i < m; i++) {
      long at = c + 2L * i * BYTES;
      fromMemorySegment(F, ALL, at, ORDER).add(b0).intoMemorySegment(ALL, at, ORDER);
      fromMemorySegment(F, ALL, at + BYTES, ORDER)
          .add(b1)
          .intoMemorySegment(ALL, at + BYTES, ORDER);
    }
  }

  static void store(long out, long outStride, long c, int m) {
    for (int i = 0; i < m; i++) {
      long at = c + 2L * i * BYTES;
      long to = out + i * outStride;
      fromMemorySegment(F, ALL, at, ORDER).intoMemorySegment(ALL, to, ORDER);
      fromMemorySegment(F, ALL, at + BYTES, ORDER).intoMemorySegment(ALL, to + BYTES, ORDER);
    }
  }

  static void add(long out, long outStride, long residual, long residualStride, long c, int m) {
    for (int i = 0; i < m; i++) {
      long at = c + 2L * i * BYTES;
      long to = out + i * outStride;
      long from = residual + i * residualStride;
      fromMemorySegment(F, ALL, at, ORDER)
          .add(fromMemorySegment(F, ALL, from, ORDER))
          .intoMemorySegment(ALL, to, ORDER);
      fromMemorySegment(F, ALL, at + BYTES, ORDER)
          .add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
          .intoMemorySegment(ALL, to + BYTES, ORDER);
    }
  }
}
