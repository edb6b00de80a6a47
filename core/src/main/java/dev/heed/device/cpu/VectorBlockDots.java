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
 * One row of x times two packed panels of a block type, straight from the quants: the numbers of
 * {@link VectorBlockTiles} in the same order. A quant is not shifted to the low end of its int:
 * left in its byte it is larger by a power of two, and x comes divided by it. Nor is it converted
 * where {@link Subnormals#FAST}. Two panels make four independent chains of sums. Each loop stands
 * in a method of its own, without helper methods, so that it compiles the same whatever types are
 * in use. The nibbles' inner loop is not unrolled, for the reasons of {@link VectorDots}; for other
 * types that was no gain.
 */
final class VectorBlockDots {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** The number that an int below 2^24 is, times 2^-149 where {@link Subnormals#FAST}. */
  static final VectorOperators.Conversion<Integer, Float> NUMBER =
      Subnormals.FAST ? VectorOperators.REINTERPRET_I2F : VectorOperators.I2F;

  /** How much larger high nibbles are than low ones. */
  private static final float HIGH = 16;

  private VectorBlockDots() {}

  /**
   * c[2 vectors] and d[2 vectors] = x times panels a and b.
   *
   * @param x one row
   * @param scratch 2 * {@link PanelMath#SCALES} bytes
   */
  static void dot(DType type, long c, long d, BlockOperand x, long a, long b, int k, long scratch) {
    long vectors = PanelLayout.vectors(type);
    long step = PanelLayout.bitVectors(type) * (long) BYTES;
    long other = scratch + PanelMath.SCALES;
    float high = PanelLayout.bitVectors(type) == 8 ? HIGH : 1;
    Memory.zero(c, 2L * BYTES);
    Memory.zero(d, 2L * BYTES);
    for (int j = 0; j < k; j += PanelSource.DEPTH) {
      int groups = Math.min(PanelSource.DEPTH, k - j) / 32;
      long at = j / type.blockSize() * vectors * BYTES;
      VectorScales.expand(type, scratch, a + at, groups, x.up(), x.up() / high);
      VectorScales.expand(type, other, b + at, groups, x.up(), x.up() / high);
      if (PanelLayout.hasMinimum(type)) {
        long totals = x.totals(0, j);
        VectorScales.addMinima(type, c, totals, a + at, groups, scratch + PanelMath.MINIMA);
        VectorScales.addMinima(type, d, totals, b + at, groups, other + PanelMath.MINIMA);
      }
      long first = at + PanelLayout.quantVector(type, groups) * (long) BYTES;
      long p = a + first;
      long q = b + first;
      switch (type) {
        case Q8_0 -> bytes(c, d, x, j, p, q, step, scratch, groups);
        case Q4_0, Q4_1, Q4_K -> nibbles(c, d, x, j, p, q, step, scratch, groups);
        case Q5_0, Q5_1, Q5_K -> VectorBitDots.fiveBits(c, d, x, j, p, q, step, scratch, groups);
        default -> VectorBitDots.sixBits(c, d, x, j, p, q, step, scratch, groups);
      }
    }
  }

  private static void bytes(
      long c,
      long d,
      BlockOperand operand,
      int k0,
      long as,
      long bs,
      long step,
      long scales,
      int groups) {
    long xs = operand.scaled(k0);
    long starts = plain(operand.starts(0, k0));
    float down = operand.down();
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c2 = FloatVector.fromMemorySegment(F, ALL, d, ORDER);
    FloatVector c3 = FloatVector.fromMemorySegment(F, ALL, d + BYTES, ORDER);
    for (int g = 0; g < groups; g++) {
      long s = plain(scales + 2L * g * BYTES);
      long a = plain(as + g * step);
      long b = plain(bs + g * step);
      long x = plain(xs + 128L * g);
      FloatVector s0 = FloatVector.broadcast(F, down * ALL.get(F32, starts + 4L * g));
      FloatVector s1 = s0;
      FloatVector s2 = s0;
      FloatVector s3 = s1;
      for (int j = 0; j < 8; j++) {
        IntVector w0 = IntVector.fromMemorySegment(I, ALL, a + 2L * j * BYTES, ORDER);
        IntVector w1 = IntVector.fromMemorySegment(I, ALL, a + (2L * j + 1) * BYTES, ORDER);
        IntVector w2 = IntVector.fromMemorySegment(I, ALL, b + 2L * j * BYTES, ORDER);
        IntVector w3 = IntVector.fromMemorySegment(I, ALL, b + (2L * j + 1) * BYTES, ORDER);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j));
        s0 = v.fma(w0.and(0xff).convert(NUMBER, 0), s0);
        s1 = v.fma(w1.and(0xff).convert(NUMBER, 0), s1);
        s2 = v.fma(w2.and(0xff).convert(NUMBER, 0), s2);
        s3 = v.fma(w3.and(0xff).convert(NUMBER, 0), s3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4));
        s0 = v.fma(w0.and(0xff00).convert(NUMBER, 0), s0);
        s1 = v.fma(w1.and(0xff00).convert(NUMBER, 0), s1);
        s2 = v.fma(w2.and(0xff00).convert(NUMBER, 0), s2);
        s3 = v.fma(w3.and(0xff00).convert(NUMBER, 0), s3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 8));
        s0 = v.fma(w0.and(0xff0000).convert(NUMBER, 0), s0);
        s1 = v.fma(w1.and(0xff0000).convert(NUMBER, 0), s1);
        s2 = v.fma(w2.and(0xff0000).convert(NUMBER, 0), s2);
        s3 = v.fma(w3.and(0xff0000).convert(NUMBER, 0), s3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 12));
        s0 = v.fma(w0.lanewise(VectorOperators.LSHR, 24).convert(NUMBER, 0), s0);
        s1 = v.fma(w1.lanewise(VectorOperators.LSHR, 24).convert(NUMBER, 0), s1);
        s2 = v.fma(w2.lanewise(VectorOperators.LSHR, 24).convert(NUMBER, 0), s2);
        s3 = v.fma(w3.lanewise(VectorOperators.LSHR, 24).convert(NUMBER, 0), s3);
      }
      c0 = s0.fma(FloatVector.fromMemorySegment(F, ALL, s, ORDER), c0);
      c1 = s1.fma(FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER), c1);
      c2 = s2.fma(FloatVector.fromMemorySegment(F, ALL, s + PanelMath.SCALES, ORDER), c2);
      c3 = s3.fma(FloatVector.fromMemorySegment(F, ALL, s + PanelMath.SCALES + BYTES, ORDER), c3);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  private static void nibbles(
      long c,
      long d,
      BlockOperand operand,
      int k0,
      long as,
      long bs,
      long step,
      long scales,
      int groups) {
    long xs = operand.scaled(k0);
    long starts = plain(operand.starts(0, k0));
    float down = operand.down();
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c2 = FloatVector.fromMemorySegment(F, ALL, d, ORDER);
    FloatVector c3 = FloatVector.fromMemorySegment(F, ALL, d + BYTES, ORDER);
    for (int g = 0; g < groups; g++) {
      long s = plain(scales + 2L * g * BYTES);
      long a = as + g * step;
      long b = bs + g * step;
      long end = xs + 128L * (g + 1);
      FloatVector s0 = FloatVector.broadcast(F, down * ALL.get(F32, starts + 4L * g));
      FloatVector s1 = s0.mul(HIGH);
      FloatVector s2 = s0;
      FloatVector s3 = s1;
      for (long x = xs + 128L * g; x != end; x += 16, a += BYTES, b += BYTES) {
        IntVector p = IntVector.fromMemorySegment(I, ALL, plain(a), ORDER);
        IntVector q = IntVector.fromMemorySegment(I, ALL, plain(b), ORDER);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, plain(x)));
        s0 = v.fma(p.and(0xf).convert(NUMBER, 0), s0);
        s1 = v.fma(p.and(0xf0).convert(NUMBER, 0), s1);
        s2 = v.fma(q.and(0xf).convert(NUMBER, 0), s2);
        s3 = v.fma(q.and(0xf0).convert(NUMBER, 0), s3);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x) + 4));
        s0 = v.fma(p.and(0xf00).convert(NUMBER, 0), s0);
        s1 = v.fma(p.and(0xf000).convert(NUMBER, 0), s1);
        s2 = v.fma(q.and(0xf00).convert(NUMBER, 0), s2);
        s3 = v.fma(q.and(0xf000).convert(NUMBER, 0), s3);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x) + 8));
        s0 = v.fma(p.and(0xf0000).convert(NUMBER, 0), s0);
        s1 = v.fma(p.and(0xf00000).convert(NUMBER, 0), s1);
        s2 = v.fma(q.and(0xf0000).convert(NUMBER, 0), s2);
        s3 = v.fma(q.and(0xf00000).convert(NUMBER, 0), s3);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x) + 12));
        p = p.lanewise(VectorOperators.LSHR, 24);
        q = q.lanewise(VectorOperators.LSHR, 24);
        s0 = v.fma(p.and(0xf).convert(NUMBER, 0), s0);
        s1 = v.fma(p.and(0xf0).convert(NUMBER, 0), s1);
        s2 = v.fma(q.and(0xf).convert(NUMBER, 0), s2);
        s3 = v.fma(q.and(0xf0).convert(NUMBER, 0), s3);
      }
      c0 = s0.fma(FloatVector.fromMemorySegment(F, ALL, s, ORDER), c0);
      c1 = s1.fma(FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER), c1);
      c2 = s2.fma(FloatVector.fromMemorySegment(F, ALL, s + PanelMath.SCALES, ORDER), c2);
      c3 = s3.fma(FloatVector.fromMemorySegment(F, ALL, s + PanelMath.SCALES + BYTES, ORDER), c3);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }
}
