package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.Memory.plain;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.I;

import dev.heed.tensor.DType;
import java.lang.foreign.ValueLayout;
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

  private static final int TOP = 0xff000000;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

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
   * Writes two vectors for each group of {@link PanelLayout#group} elements: the low rows' scales
   * times {@code l}, and the high rows' times {@code h}, which are powers of two.
   *
   * @param at address of a chunk of panels, see {@link PanelBlocks}
   * @param groups of 32 elements of it
   */
  static void expand(DType type, long to, long at, int groups, float l, float h) {
    READERS[type.ordinal()].expand(plain(to), plain(at), groups, l, h);
  }

  /** Writes minima in the same way, for types that have them. */
  static void minima(DType type, long to, long at, int groups) {
    MINIMA[type.ordinal()].expand(plain(to), plain(at), groups, 1, 1);
  }

  /**
   * c[2 vectors] += totals[groups] times minima: what {@link #minima} and {@link VectorTiles#rows1}
   * give, bit for bit.
   */
  static void addMinima(DType type, long c, long totals, long at, int groups, long scratch) {
    if (type.blockSize() > 32) {
      addMinima(plain(c), plain(totals), plain(at), groups);
    } else {
      minima(type, scratch, at, groups);
      VectorTiles.rows1(c, totals, scratch, groups);
    }
  }

  /** How the scales of a type are read. Called, not inlined, so that each compiles by itself. */
  private interface Reader {
    void expand(long to, long at, int groups, float l, float h);
  }

  private static final Reader[] READERS = new Reader[DType.values().length];
  private static final Reader[] MINIMA = new Reader[DType.values().length];

  static {
    for (DType type : new DType[] {DType.Q8_0, DType.Q4_0, DType.Q5_0}) {
      READERS[type.ordinal()] = (to, at, groups, l, h) -> halves(to, at, BYTES, groups, l, h);
    }
    for (DType type : new DType[] {DType.Q4_1, DType.Q5_1}) {
      READERS[type.ordinal()] = (to, at, groups, l, h) -> halves(to, at, 2 * BYTES, groups, l, h);
      MINIMA[type.ordinal()] =
          (to, at, groups, l, h) -> halves(to, at + BYTES, 2 * BYTES, groups, l, h);
    }
    for (DType type : new DType[] {DType.Q4_K, DType.Q5_K}) {
      READERS[type.ordinal()] = (to, at, groups, l, h) -> bytes(to, at, 0, groups, l, h);
      MINIMA[type.ordinal()] = (to, at, groups, l, h) -> bytes(to, at, 1, groups, -l, -h);
    }
    READERS[DType.Q6_K.ordinal()] = (to, at, groups, l, h) -> signed(to, at, groups, l, h);
  }

  /** F16 numbers, {@code step} bytes from group to group. */
  private static void halves(long to, long at, long step, int groups, float l, float h) {
    for (int g = 0; g < groups; g++) {
      IntVector d = IntVector.fromMemorySegment(I, ALL, plain(at + g * step), ORDER);
      long out = plain(to + (long) g * STEP);
      FloatVector low = low(d).mul(l);
      FloatVector high = high(d).mul(h);
      low.intoMemorySegment(ALL, out, ORDER);
      high.intoMemorySegment(ALL, out + BYTES, ORDER);
    }
  }

  /** d or dmin times 6-bit numbers: of each row's two bytes the first or the second. */
  private static void bytes(long to, long at, int which, int groups, float l, float h) {
    IntVector d = IntVector.fromMemorySegment(I, ALL, plain(at + (long) which * BYTES), ORDER);
    float unit = which == 0 ? 1 : 0x1p-8f;
    FloatVector d0 = low(d).mul(l * unit);
    FloatVector d1 = high(d).mul(h * unit * 0x1p-16f);
    int low = 0xff << 8 * which;
    // The highest byte is a 6-bit number: as an int it is not negative.
    int high = low << 16;
    for (int g = 0; g < groups; g++) {
      long out = plain(to + (long) g * STEP);
      IntVector s = IntVector.fromMemorySegment(I, ALL, plain(at + (2L + g) * BYTES), ORDER);
      var a = s.and(low).convert(VectorOperators.I2F, 0);
      var b = s.and(high).convert(VectorOperators.I2F, 0);
      d0.mul(a).intoMemorySegment(ALL, out, ORDER);
      d1.mul(b).intoMemorySegment(ALL, out + BYTES, ORDER);
    }
  }

  /** -dmin * total * minimum, added up over the groups of a block. */
  private static void addMinima(long c, long totals, long at, int groups) {
    IntVector m = IntVector.fromMemorySegment(I, ALL, at + BYTES, ORDER);
    FloatVector m0 = low(m).mul(-0x1p-8f);
    FloatVector m1 = high(m).mul(-0x1p-24f);
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    for (int g = 0; g < groups; g++) {
      IntVector s = IntVector.fromMemorySegment(I, ALL, plain(at + (2L + g) * BYTES), ORDER);
      FloatVector total = FloatVector.broadcast(F, ALL.get(F32, totals + 4L * g));
      c0 = total.fma(m0.mul(s.and(0xff00).convert(VectorOperators.I2F, 0)), c0);
      c1 = total.fma(m1.mul(s.and(0xff000000).convert(VectorOperators.I2F, 0)), c1);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
  }

  /** Signed bytes: k to 16 and from 16 of the low rows, then of the high rows; quants around 32. */
  private static void signed(long to, long at, int groups, float l, float h) {
    IntVector d = IntVector.fromMemorySegment(I, ALL, at, ORDER);
    FloatVector d0 = low(d).mul(l * 0x1p-24f);
    FloatVector d1 = high(d).mul(h * 0x1p-24f);
    for (int g = 0; g < groups; g++) {
      IntVector s = IntVector.fromMemorySegment(I, ALL, plain(at + (1L + g) * BYTES), ORDER);
      long out = plain(to + 2L * g * STEP);
      // Each byte in the highest place, with its sign.
      var a = s.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0);
      var b = s.lanewise(VectorOperators.LSHL, 16).and(TOP).convert(VectorOperators.I2F, 0);
      var e = s.lanewise(VectorOperators.LSHL, 8).and(TOP).convert(VectorOperators.I2F, 0);
      var f = s.and(TOP).convert(VectorOperators.I2F, 0);
      d0.mul(a).intoMemorySegment(ALL, out, ORDER);
      d1.mul(e).intoMemorySegment(ALL, out + BYTES, ORDER);
      d0.mul(b).intoMemorySegment(ALL, out + STEP, ORDER);
      d1.mul(f).intoMemorySegment(ALL, out + STEP + BYTES, ORDER);
    }
  }
}
