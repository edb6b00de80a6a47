package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.Memory.plain;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.I;

import dev.heed.tensor.DType;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * What the quants of groups of 32 are multiplied by and what is added, in F32: a value is {@code
 * fma(quant, scale, offset)}, which rounds as the formats define it, for the products of F16
 * scales, group scales and quants are exact.
 */
final class VectorScales {
  /** Most groups at a time: those of {@link PanelSource#DEPTH} elements. */
  static final int GROUPS = PanelSource.DEPTH / 32;

  /** Bytes that one group's scales take: see {@link #expand}. Half of them are used but by Q6_K. */
  static final int STEP = 8 * BYTES;

  /** Bytes of the scales of all groups. */
  static final int SIZE = GROUPS * STEP;

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
   * Writes vectors for each of some groups: scale of the low and the high rows, offset of the low
   * and the high rows; for Q6_K once more for k from 16.
   *
   * @param at address of a chunk of panels, see {@link PanelBlocks}
   * @param groups of it
   */
  static void expand(DType type, long to, long at, int groups) {
    READERS[type.ordinal()].expand(plain(to), plain(at), groups);
  }

  /** How the scales of a type are read. Called, not inlined, so that each compiles by itself. */
  private interface Reader {
    void expand(long to, long at, int groups);
  }

  private static final Reader[] READERS = readers();

  private static Reader[] readers() {
    Reader[] r = new Reader[DType.values().length];
    r[DType.Q8_0.ordinal()] = (to, at, groups) -> around(to, at, groups, -128);
    r[DType.Q4_0.ordinal()] = (to, at, groups) -> around(to, at, groups, -8);
    r[DType.Q5_0.ordinal()] = (to, at, groups) -> around(to, at, groups, -16);
    r[DType.Q4_1.ordinal()] = (to, at, groups) -> both(to, at, groups);
    r[DType.Q5_1.ordinal()] = (to, at, groups) -> both(to, at, groups);
    r[DType.Q4_K.ordinal()] = (to, at, groups) -> withMinimum(to, at, groups);
    r[DType.Q5_K.ordinal()] = (to, at, groups) -> withMinimum(to, at, groups);
    r[DType.Q6_K.ordinal()] = (to, at, groups) -> signed(to, at, groups);
    return r;
  }

  /** Quants around a middle. */
  private static void around(long to, long at, int groups, float middle) {
    for (int g = 0; g < groups; g++) {
      IntVector d = IntVector.fromMemorySegment(I, ALL, plain(at + (long) g * BYTES), ORDER);
      long out = plain(to + (long) g * STEP);
      FloatVector low = low(d);
      FloatVector high = high(d);
      low.intoMemorySegment(ALL, out, ORDER);
      high.intoMemorySegment(ALL, out + BYTES, ORDER);
      low.mul(middle).intoMemorySegment(ALL, out + 2 * BYTES, ORDER);
      high.mul(middle).intoMemorySegment(ALL, out + 3 * BYTES, ORDER);
    }
  }

  /** Scale and minimum. */
  private static void both(long to, long at, int groups) {
    for (int g = 0; g < groups; g++) {
      IntVector d = IntVector.fromMemorySegment(I, ALL, plain(at + 2L * g * BYTES), ORDER);
      IntVector m = IntVector.fromMemorySegment(I, ALL, plain(at + 2L * g * BYTES) + BYTES, ORDER);
      long out = plain(to + (long) g * STEP);
      low(d).intoMemorySegment(ALL, out, ORDER);
      high(d).intoMemorySegment(ALL, out + BYTES, ORDER);
      low(m).intoMemorySegment(ALL, out + 2 * BYTES, ORDER);
      high(m).intoMemorySegment(ALL, out + 3 * BYTES, ORDER);
    }
  }

  /** d * scale, -dmin * minimum: bytes scale, minimum of the low rows, then of the high rows. */
  private static void withMinimum(long to, long at, int groups) {
    IntVector d = IntVector.fromMemorySegment(I, ALL, at, ORDER);
    IntVector m = IntVector.fromMemorySegment(I, ALL, at + BYTES, ORDER);
    FloatVector d0 = low(d);
    FloatVector d1 = high(d);
    FloatVector m0 = low(m).mul(-1);
    FloatVector m1 = high(m).mul(-1);
    for (int g = 0; g < groups; g++) {
      long from = plain(at + (2L + g) * BYTES);
      long out = plain(to + (long) g * STEP);
      IntVector s = IntVector.fromMemorySegment(I, ALL, from, ORDER);
      var a = s.and(0xff).convert(VectorOperators.I2F, 0);
      var b = s.lanewise(VectorOperators.LSHR, 8).and(0xff).convert(VectorOperators.I2F, 0);
      var c = s.lanewise(VectorOperators.LSHR, 16).and(0xff).convert(VectorOperators.I2F, 0);
      var e = s.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0);
      d0.mul(a).intoMemorySegment(ALL, out, ORDER);
      d1.mul(c).intoMemorySegment(ALL, out + BYTES, ORDER);
      m0.mul(b).intoMemorySegment(ALL, out + 2 * BYTES, ORDER);
      m1.mul(e).intoMemorySegment(ALL, out + 3 * BYTES, ORDER);
    }
  }

  /** Signed bytes: k to 16 and from 16 of the low rows, then of the high rows; quants around 32. */
  private static void signed(long to, long at, int groups) {
    IntVector d = IntVector.fromMemorySegment(I, ALL, at, ORDER);
    FloatVector d0 = low(d);
    FloatVector d1 = high(d);
    for (int g = 0; g < 2 * groups; g++) {
      long from = plain(at + (1L + (g >> 1)) * BYTES);
      IntVector s = IntVector.fromMemorySegment(I, ALL, from, ORDER);
      s = s.lanewise(VectorOperators.LSHL, 8 - 8 * (g & 1));
      IntVector s0 = s.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 24);
      IntVector s1 = s.lanewise(VectorOperators.ASHR, 24);
      long out = plain(to + (long) g * (STEP / 2));
      FloatVector low = d0.mul(s0.convert(VectorOperators.I2F, 0));
      FloatVector high = d1.mul(s1.convert(VectorOperators.I2F, 0));
      low.intoMemorySegment(ALL, out, ORDER);
      high.intoMemorySegment(ALL, out + BYTES, ORDER);
      low.mul(-32).intoMemorySegment(ALL, out + 2 * BYTES, ORDER);
      high.mul(-32).intoMemorySegment(ALL, out + 3 * BYTES, ORDER);
    }
  }
}
