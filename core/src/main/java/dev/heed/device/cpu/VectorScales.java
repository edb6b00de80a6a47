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
 * What the sums of groups are multiplied by, in F32, and their minima. Products of F16 scales and
 * group scales are exact.
 */
final class VectorScales {
  /** Bytes of the scales of a group. */
  private static final int STEP = 2 * BYTES;

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** An F16's exponent and fraction in an F32's place make a number 2^112 times too small. */
  static final float REBIAS = 0x1p112f;

  /** Where sign, exponent and fraction of an F16 lie after an arithmetic shift by 3. */
  static final int F16_BITS = 0x8fffe000;

  private VectorScales() {}

  /** The F16 in the low halves, which must be finite. */
  static FloatVector low(IntVector v) {
    return high(v.lanewise(VectorOperators.LSHL, 16));
  }

  /** The F16 in the high halves, which must be finite. */
  static FloatVector high(IntVector v) {
    return v.lanewise(VectorOperators.ASHR, 3).and(F16_BITS).reinterpretAsFloats().mul(REBIAS);
  }

  /**
   * Writes two vectors for each group of {@link PanelLayout#group} elements, the low rows' scales
   * and the high rows'; and minima, where the type has them, {@link PanelMath#MINIMA} bytes later.
   *
   * @param at address of a chunk of panels, see {@link PanelBlocks}
   * @param groups of 32 elements of it
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
    r[DType.Q8_0.ordinal()] = (to, at, groups) -> around(to, at, groups);
    r[DType.Q4_0.ordinal()] = (to, at, groups) -> around(to, at, groups);
    r[DType.Q5_0.ordinal()] = (to, at, groups) -> around(to, at, groups);
    r[DType.Q4_1.ordinal()] = (to, at, groups) -> both(to, at, groups);
    r[DType.Q5_1.ordinal()] = (to, at, groups) -> both(to, at, groups);
    r[DType.Q4_K.ordinal()] = (to, at, groups) -> withMinimum(to, at, groups);
    r[DType.Q5_K.ordinal()] = (to, at, groups) -> withMinimum(to, at, groups);
    r[DType.Q6_K.ordinal()] = (to, at, groups) -> signed(to, at, groups);
    return r;
  }

  /** Quants around a middle. */
  private static void around(long to, long at, int groups) {
    for (int g = 0; g < groups; g++) {
      IntVector d = IntVector.fromMemorySegment(I, ALL, plain(at + (long) g * BYTES), ORDER);
      long out = plain(to + (long) g * STEP);
      FloatVector low = low(d);
      FloatVector high = high(d);
      low.intoMemorySegment(ALL, out, ORDER);
      high.intoMemorySegment(ALL, out + BYTES, ORDER);
    }
  }

  /** Scale and minimum. */
  private static void both(long to, long at, int groups) {
    for (int g = 0; g < groups; g++) {
      IntVector d = IntVector.fromMemorySegment(I, ALL, plain(at + 2L * g * BYTES), ORDER);
      IntVector m = IntVector.fromMemorySegment(I, ALL, plain(at + 2L * g * BYTES) + BYTES, ORDER);
      long out = plain(to + (long) g * STEP);
      FloatVector d0 = low(d);
      FloatVector d1 = high(d);
      d0.intoMemorySegment(ALL, out, ORDER);
      d1.intoMemorySegment(ALL, out + BYTES, ORDER);
      low(m).intoMemorySegment(ALL, out + PanelMath.MINIMA, ORDER);
      high(m).intoMemorySegment(ALL, out + PanelMath.MINIMA + BYTES, ORDER);
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
      FloatVector low = d0.mul(a);
      FloatVector high = d1.mul(c);
      low.intoMemorySegment(ALL, out, ORDER);
      high.intoMemorySegment(ALL, out + BYTES, ORDER);
      m0.mul(b).intoMemorySegment(ALL, out + PanelMath.MINIMA, ORDER);
      m1.mul(e).intoMemorySegment(ALL, out + PanelMath.MINIMA + BYTES, ORDER);
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
      long out = plain(to + (long) g * STEP);
      FloatVector low = d0.mul(s0.convert(VectorOperators.I2F, 0));
      FloatVector high = d1.mul(s1.convert(VectorOperators.I2F, 0));
      low.intoMemorySegment(ALL, out, ORDER);
      high.intoMemorySegment(ALL, out + BYTES, ORDER);
    }
  }
}
