package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.I;

import dev.heed.tensor.DType;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * What the quants of a group of 32 are multiplied by and what is added, in F32: a value is {@code
 * fma(quant, scale, offset)}, which rounds as the formats define it, for the products of F16
 * scales, group scales and quants are exact.
 */
final class VectorScales {
  /** Bytes of the scales of one group: 8 vectors. */
  static final int SIZE = 8 * BYTES;

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** An F16's exponent and fraction in an F32's place make a number 2^112 times too small. */
  private static final float REBIAS = 0x1p112f;

  private VectorScales() {}

  /** The F16 in the low halves, which must be finite. */
  static FloatVector low(IntVector v) {
    return high(v.lanewise(VectorOperators.LSHL, 16));
  }

  /** The F16 in the high halves, which must be finite. */
  static FloatVector high(IntVector v) {
    return v.lanewise(VectorOperators.ASHR, 3).and(0x8fffe000).reinterpretAsFloats().mul(REBIAS);
  }

  /**
   * Writes vectors for a group: scale of the low and the high rows, offset of the low and the high
   * rows; for Q6_K once more for k from 16.
   *
   * @param block address of the block's first vector
   * @param group address of the group's first vector
   */
  static void group(DType type, long to, long block, long group) {
    IntVector d = IntVector.fromMemorySegment(I, ALL, block, ORDER);
    switch (type) {
      // A byte b stands in the fraction of 256 + b; 128 was added to the quant.
      case Q8_0 -> around(to, d, -384);
      case Q4_0 -> around(to, d, -8);
      case Q5_0 -> around(to, d, -16);
      case Q4_1, Q5_1 -> {
        IntVector m = IntVector.fromMemorySegment(I, ALL, block + BYTES, ORDER);
        low(d).intoMemorySegment(ALL, to, ORDER);
        high(d).intoMemorySegment(ALL, to + BYTES, ORDER);
        low(m).intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        high(m).intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
      }
      case Q6_K -> signed(to, d, group);
      default -> withMinimum(to, d, block + BYTES, group);
    }
  }

  private static void around(long to, IntVector d, float middle) {
    FloatVector low = low(d);
    FloatVector high = high(d);
    low.intoMemorySegment(ALL, to, ORDER);
    high.intoMemorySegment(ALL, to + BYTES, ORDER);
    low.mul(middle).intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    high.mul(middle).intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
  }

  /** d * scale, -dmin * minimum: bytes scale, minimum of the low rows, then of the high rows. */
  private static void withMinimum(long to, IntVector d, long dmin, long group) {
    IntVector m = IntVector.fromMemorySegment(I, ALL, dmin, ORDER);
    IntVector s = IntVector.fromMemorySegment(I, ALL, group, ORDER);
    low(d).mul(unsigned(s)).intoMemorySegment(ALL, to, ORDER);
    high(d)
        .mul(unsigned(s.lanewise(VectorOperators.LSHR, 16)))
        .intoMemorySegment(ALL, to + BYTES, ORDER);
    low(m)
        .neg()
        .mul(unsigned(s.lanewise(VectorOperators.LSHR, 8)))
        .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    high(m)
        .neg()
        .mul(unsigned(s.lanewise(VectorOperators.LSHR, 24)))
        .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
  }

  /** Q6_K: signed bytes, k to 16 and from 16 of the low rows, then of the high rows. */
  private static void signed(long to, IntVector d, long group) {
    IntVector s = IntVector.fromMemorySegment(I, ALL, group, ORDER);
    FloatVector low = low(d);
    FloatVector high = high(d);
    for (int half = 0; half < 2; half++) {
      long at = to + (long) half * 4 * BYTES;
      FloatVector a = low.mul(signed(s.lanewise(VectorOperators.LSHL, 24 - 8 * half)));
      FloatVector b = high.mul(signed(s.lanewise(VectorOperators.LSHL, 8 - 8 * half)));
      a.intoMemorySegment(ALL, at, ORDER);
      b.intoMemorySegment(ALL, at + BYTES, ORDER);
      a.mul(-32).intoMemorySegment(ALL, at + 2 * BYTES, ORDER);
      b.mul(-32).intoMemorySegment(ALL, at + 3 * BYTES, ORDER);
    }
  }

  private static FloatVector unsigned(IntVector v) {
    return (FloatVector) v.and(0xff).convert(VectorOperators.I2F, 0);
  }

  private static FloatVector signed(IntVector v) {
    return (FloatVector) v.lanewise(VectorOperators.ASHR, 24).convert(VectorOperators.I2F, 0);
  }
}
