package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.plain;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.I;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** What {@link BlockOperand} computes of a row. */
final class VectorOperand {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** What {@link #scale} multiplies by, beside the factor. */
  private static final FloatVector BYTE_FACTORS =
      FloatVector.fromArray(F, new float[] {1, 0x1p-8f, 0x1p-16f, 1}, 0, fourByFour(), 0);

  private VectorOperand() {}

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
      IntVector bits =
          IntVector.fromMemorySegment(I, ALL, plain(x + i), ORDER).and(Integer.MAX_VALUE);
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
      fromMemorySegment(F, ALL, plain(x + i), ORDER)
          .mul(factors)
          .intoMemorySegment(ALL, plain(to + i), ORDER);
    }
  }

  /** See {@link PanelMath#totals}. */
  static void totals(long to, long x, int size, int groups) {
    for (int g = 0; g < groups; g++) {
      long at = plain(x + 4L * g * size);
      FloatVector sum = FloatVector.zero(FloatVector.SPECIES_128);
      for (long i = 0; i < 4L * size; i += 16) {
        sum = sum.add(fromMemorySegment(FloatVector.SPECIES_128, ALL, at + i, ORDER));
      }
      f32(to + 4L * g, (sum.lane(0) + sum.lane(1)) + (sum.lane(2) + sum.lane(3)));
    }
  }
}
