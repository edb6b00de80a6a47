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
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * One row of {@link RoundedOperand} times two packed panels, straight from the quants: the numbers
 * of {@link VectorRoundedTiles} in the same order. For the form of the loops see {@link
 * VectorBlockDots}.
 */
final class VectorRoundedDots {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;

  private VectorRoundedDots() {}

  /**
   * c[2 vectors] and d[2 vectors] = x times panels a and b.
   *
   * @param x one row
   * @param scratch 2 * {@link PanelMath#SCALES} bytes
   */
  static void dot(
      DType type, long c, long d, RoundedOperand x, long a, long b, int k, long scratch) {
    long vectors = PanelLayout.vectors(type);
    long step = PanelLayout.bitVectors(type) * (long) BYTES;
    Memory.zero(c, 2L * BYTES);
    Memory.zero(d, 2L * BYTES);
    for (int j = 0; j < k; j += PanelSource.DEPTH) {
      int groups = Math.min(PanelSource.DEPTH, k - j) / 32;
      long at = j / type.blockSize() * vectors * BYTES;
      scales(type, c, x.totals(0, j), a + at, groups, scratch);
      scales(type, d, x.totals(0, j), b + at, groups, scratch + PanelMath.SCALES);
      long first = at + PanelLayout.quantVector(type, groups) * (long) BYTES;
      long p = a + first;
      long q = b + first;
      long y = x.pairs(0, j);
      long t = x.starts(0, j);
      long f = x.factors(0, j);
      switch (type) {
        case Q4_0, Q4_1, Q4_K -> nibbles(c, d, y, t, f, p, q, step, scratch, groups);
        case Q5_0, Q5_1, Q5_K -> fiveBits(c, d, y, t, f, p, q, step, scratch, groups);
        default -> sixBits(c, d, y, t, f, p, q, step, scratch, groups);
      }
    }
  }

  /** Expands the scales of a chunk, and adds products of totals and minima. */
  private static void scales(DType type, long c, long totals, long at, int groups, long scales) {
    VectorScales.expand(type, scales, at, groups, 1, 1);
    if (!PanelLayout.hasMinimum(type)) {
      return;
    }
    long minima = scales + PanelMath.MINIMA;
    if (RoundedOperand.centre(type) == 0) {
      VectorScales.addMinima(type, c, totals, at, groups, minima);
    } else {
      VectorRounded.minima(type, scales, at, groups);
      VectorTiles.rows1(c, totals, minima, groups);
    }
  }

  private static void nibbles(
      long c,
      long d,
      long xs,
      long starts,
      long factors,
      long as,
      long bs,
      long step,
      long scales,
      int groups) {
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c2 = FloatVector.fromMemorySegment(F, ALL, d, ORDER);
    FloatVector c3 = FloatVector.fromMemorySegment(F, ALL, d + BYTES, ORDER);
    for (int g = 0; g < groups; g++) {
      long a = as + g * step;
      long b = bs + g * step;
      long end = xs + 64L * (g + 1);
      ShortVector s0 =
          IntVector.broadcast(I, ALL.get(I32, plain(starts) + 4L * g)).reinterpretAsShorts();
      ShortVector s1 = s0;
      ShortVector s2 = s0;
      ShortVector s3 = s0;
      for (long x = xs + 64L * g; x != end; x += 8, a += BYTES, b += BYTES) {
        IntVector p = IntVector.fromMemorySegment(I, ALL, plain(a), ORDER);
        IntVector q = IntVector.fromMemorySegment(I, ALL, plain(b), ORDER);
        ShortVector v = IntVector.broadcast(I, ALL.get(I32, plain(x))).reinterpretAsShorts();
        s0 = s0.add(v.mul(p.and(0xf000f).reinterpretAsShorts()));
        s2 = s2.add(v.mul(q.and(0xf000f).reinterpretAsShorts()));
        IntVector p4 = p.lanewise(VectorOperators.LSHR, 4);
        IntVector q4 = q.lanewise(VectorOperators.LSHR, 4);
        s1 = s1.add(v.mul(p4.and(0xf000f).reinterpretAsShorts()));
        s3 = s3.add(v.mul(q4.and(0xf000f).reinterpretAsShorts()));
        v = IntVector.broadcast(I, ALL.get(I32, plain(x) + 4)).reinterpretAsShorts();
        p = p.lanewise(VectorOperators.LSHR, 8);
        q = q.lanewise(VectorOperators.LSHR, 8);
        s0 = s0.add(v.mul(p.and(0xf000f).reinterpretAsShorts()));
        s2 = s2.add(v.mul(q.and(0xf000f).reinterpretAsShorts()));
        p4 = p.lanewise(VectorOperators.LSHR, 4);
        q4 = q.lanewise(VectorOperators.LSHR, 4);
        s1 = s1.add(v.mul(p4.and(0xf000f).reinterpretAsShorts()));
        s3 = s3.add(v.mul(q4.and(0xf000f).reinterpretAsShorts()));
      }
      long s = plain(scales + 2L * g * BYTES);
      FloatVector f = FloatVector.broadcast(F, ALL.get(F32, plain(factors) + 4L * g));
      IntVector i0 = s0.reinterpretAsInts();
      IntVector i1 = s1.reinterpretAsInts();
      IntVector i2 = s2.reinterpretAsInts();
      IntVector i3 = s3.reinterpretAsInts();
      IntVector l0 = i0.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y0 = i0.lanewise(VectorOperators.ASHR, 16).add(l0).convert(VectorOperators.I2F, 0);
      c0 = FloatVector.fromMemorySegment(F, ALL, s, ORDER).mul(y0).fma(f, c0);
      IntVector l1 = i1.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y1 = i1.lanewise(VectorOperators.ASHR, 16).add(l1).convert(VectorOperators.I2F, 0);
      c1 = FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER).mul(y1).fma(f, c1);
      IntVector l2 = i2.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y2 = i2.lanewise(VectorOperators.ASHR, 16).add(l2).convert(VectorOperators.I2F, 0);
      c2 = FloatVector.fromMemorySegment(F, ALL, s + PanelMath.SCALES, ORDER).mul(y2).fma(f, c2);
      IntVector l3 = i3.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y3 = i3.lanewise(VectorOperators.ASHR, 16).add(l3).convert(VectorOperators.I2F, 0);
      c3 =
          FloatVector.fromMemorySegment(F, ALL, s + PanelMath.SCALES + BYTES, ORDER)
              .mul(y3)
              .fma(f, c3);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  private static void fiveBits(
      long c,
      long d,
      long xs,
      long starts,
      long factors,
      long as,
      long bs,
      long step,
      long scales,
      int groups) {
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c2 = FloatVector.fromMemorySegment(F, ALL, d, ORDER);
    FloatVector c3 = FloatVector.fromMemorySegment(F, ALL, d + BYTES, ORDER);
    for (int g = 0; g < groups; g++) {
      long a = plain(as + g * step);
      long b = plain(bs + g * step);
      long end = xs + 64L * (g + 1);
      ShortVector s0 =
          IntVector.broadcast(I, ALL.get(I32, plain(starts) + 4L * g)).reinterpretAsShorts();
      ShortVector s1 = s0;
      ShortVector s2 = s0;
      ShortVector s3 = s0;
      IntVector h0 = IntVector.fromMemorySegment(I, ALL, a, ORDER);
      IntVector h1 = IntVector.fromMemorySegment(I, ALL, a + BYTES, ORDER);
      IntVector h2 = IntVector.fromMemorySegment(I, ALL, b, ORDER);
      IntVector h3 = IntVector.fromMemorySegment(I, ALL, b + BYTES, ORDER);
      a += 2L * BYTES;
      b += 2L * BYTES;
      for (long x = xs + 64L * g; x != end; x += 8, a += BYTES, b += BYTES) {
        IntVector p = IntVector.fromMemorySegment(I, ALL, plain(a), ORDER);
        IntVector q = IntVector.fromMemorySegment(I, ALL, plain(b), ORDER);
        ShortVector v = IntVector.broadcast(I, ALL.get(I32, plain(x))).reinterpretAsShorts();
        IntVector w;
        w =
            p.and(0xf000f)
                .or(h0.lanewise(VectorOperators.LSHL, 4).and(0x10))
                .or(h0.lanewise(VectorOperators.LSHL, 18).and(0x100000));
        s0 = s0.add(v.mul(w.reinterpretAsShorts()));
        w =
            p.lanewise(VectorOperators.LSHR, 4)
                .and(0xf000f)
                .or(h1.lanewise(VectorOperators.LSHL, 4).and(0x10))
                .or(h1.lanewise(VectorOperators.LSHL, 18).and(0x100000));
        s1 = s1.add(v.mul(w.reinterpretAsShorts()));
        w =
            q.and(0xf000f)
                .or(h2.lanewise(VectorOperators.LSHL, 4).and(0x10))
                .or(h2.lanewise(VectorOperators.LSHL, 18).and(0x100000));
        s2 = s2.add(v.mul(w.reinterpretAsShorts()));
        w =
            q.lanewise(VectorOperators.LSHR, 4)
                .and(0xf000f)
                .or(h3.lanewise(VectorOperators.LSHL, 4).and(0x10))
                .or(h3.lanewise(VectorOperators.LSHL, 18).and(0x100000));
        s3 = s3.add(v.mul(w.reinterpretAsShorts()));
        v = IntVector.broadcast(I, ALL.get(I32, plain(x) + 4)).reinterpretAsShorts();
        p = p.lanewise(VectorOperators.LSHR, 8);
        q = q.lanewise(VectorOperators.LSHR, 8);
        w =
            p.and(0xf000f)
                .or(h0.lanewise(VectorOperators.LSHL, 3).and(0x10))
                .or(h0.lanewise(VectorOperators.LSHL, 17).and(0x100000));
        s0 = s0.add(v.mul(w.reinterpretAsShorts()));
        w =
            p.lanewise(VectorOperators.LSHR, 4)
                .and(0xf000f)
                .or(h1.lanewise(VectorOperators.LSHL, 3).and(0x10))
                .or(h1.lanewise(VectorOperators.LSHL, 17).and(0x100000));
        s1 = s1.add(v.mul(w.reinterpretAsShorts()));
        w =
            q.and(0xf000f)
                .or(h2.lanewise(VectorOperators.LSHL, 3).and(0x10))
                .or(h2.lanewise(VectorOperators.LSHL, 17).and(0x100000));
        s2 = s2.add(v.mul(w.reinterpretAsShorts()));
        w =
            q.lanewise(VectorOperators.LSHR, 4)
                .and(0xf000f)
                .or(h3.lanewise(VectorOperators.LSHL, 3).and(0x10))
                .or(h3.lanewise(VectorOperators.LSHL, 17).and(0x100000));
        s3 = s3.add(v.mul(w.reinterpretAsShorts()));
        h0 = h0.lanewise(VectorOperators.LSHR, 4);
        h1 = h1.lanewise(VectorOperators.LSHR, 4);
        h2 = h2.lanewise(VectorOperators.LSHR, 4);
        h3 = h3.lanewise(VectorOperators.LSHR, 4);
      }
      long s = plain(scales + 2L * g * BYTES);
      FloatVector f = FloatVector.broadcast(F, ALL.get(F32, plain(factors) + 4L * g));
      IntVector i0 = s0.reinterpretAsInts();
      IntVector i1 = s1.reinterpretAsInts();
      IntVector i2 = s2.reinterpretAsInts();
      IntVector i3 = s3.reinterpretAsInts();
      IntVector l0 = i0.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y0 = i0.lanewise(VectorOperators.ASHR, 16).add(l0).convert(VectorOperators.I2F, 0);
      c0 = FloatVector.fromMemorySegment(F, ALL, s, ORDER).mul(y0).fma(f, c0);
      IntVector l1 = i1.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y1 = i1.lanewise(VectorOperators.ASHR, 16).add(l1).convert(VectorOperators.I2F, 0);
      c1 = FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER).mul(y1).fma(f, c1);
      IntVector l2 = i2.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y2 = i2.lanewise(VectorOperators.ASHR, 16).add(l2).convert(VectorOperators.I2F, 0);
      c2 = FloatVector.fromMemorySegment(F, ALL, s + PanelMath.SCALES, ORDER).mul(y2).fma(f, c2);
      IntVector l3 = i3.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y3 = i3.lanewise(VectorOperators.ASHR, 16).add(l3).convert(VectorOperators.I2F, 0);
      c3 =
          FloatVector.fromMemorySegment(F, ALL, s + PanelMath.SCALES + BYTES, ORDER)
              .mul(y3)
              .fma(f, c3);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  private static void sixBits(
      long c,
      long d,
      long xs,
      long starts,
      long factors,
      long as,
      long bs,
      long step,
      long scales,
      int groups) {
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c2 = FloatVector.fromMemorySegment(F, ALL, d, ORDER);
    FloatVector c3 = FloatVector.fromMemorySegment(F, ALL, d + BYTES, ORDER);
    for (int g = 0; g < 2 * groups; g++) {
      int half = g & 1;
      long group = (g >> 1) * step;
      long ah = plain(as + group + half * 2L * BYTES);
      long bh = plain(bs + group + half * 2L * BYTES);
      long a = as + group + (4 + half * 4L) * BYTES;
      long b = bs + group + (4 + half * 4L) * BYTES;
      long end = xs + 32L * (g + 1);
      ShortVector s0 =
          IntVector.broadcast(I, ALL.get(I32, plain(starts) + 4L * g)).reinterpretAsShorts();
      ShortVector s1 = s0;
      ShortVector s2 = s0;
      ShortVector s3 = s0;
      IntVector h0 = IntVector.fromMemorySegment(I, ALL, ah, ORDER);
      h0 = h0.lanewise(VectorOperators.ROL, 4);
      IntVector h1 = IntVector.fromMemorySegment(I, ALL, ah + BYTES, ORDER);
      h1 = h1.lanewise(VectorOperators.ROL, 4);
      IntVector h2 = IntVector.fromMemorySegment(I, ALL, bh, ORDER);
      h2 = h2.lanewise(VectorOperators.ROL, 4);
      IntVector h3 = IntVector.fromMemorySegment(I, ALL, bh + BYTES, ORDER);
      h3 = h3.lanewise(VectorOperators.ROL, 4);
      for (long x = xs + 32L * g; x != end; x += 8, a += BYTES, b += BYTES) {
        IntVector p = IntVector.fromMemorySegment(I, ALL, plain(a), ORDER);
        IntVector q = IntVector.fromMemorySegment(I, ALL, plain(b), ORDER);
        IntVector p4 = p.lanewise(VectorOperators.LSHR, 4);
        IntVector q4 = q.lanewise(VectorOperators.LSHR, 4);
        ShortVector w0 = p.and(0xf0f0f0f).or(h0.and(0x30303030)).reinterpretAsShorts();
        ShortVector w1 = p4.and(0xf0f0f0f).or(h1.and(0x30303030)).reinterpretAsShorts();
        ShortVector w2 = q.and(0xf0f0f0f).or(h2.and(0x30303030)).reinterpretAsShorts();
        ShortVector w3 = q4.and(0xf0f0f0f).or(h3.and(0x30303030)).reinterpretAsShorts();
        ShortVector v = IntVector.broadcast(I, ALL.get(I32, plain(x))).reinterpretAsShorts();
        s0 = s0.add(v.mul(w0.and((short) 0xff)));
        s1 = s1.add(v.mul(w1.and((short) 0xff)));
        s2 = s2.add(v.mul(w2.and((short) 0xff)));
        s3 = s3.add(v.mul(w3.and((short) 0xff)));
        v = IntVector.broadcast(I, ALL.get(I32, plain(x) + 4)).reinterpretAsShorts();
        s0 = s0.add(v.mul(w0.lanewise(VectorOperators.LSHR, 8)));
        s1 = s1.add(v.mul(w1.lanewise(VectorOperators.LSHR, 8)));
        s2 = s2.add(v.mul(w2.lanewise(VectorOperators.LSHR, 8)));
        s3 = s3.add(v.mul(w3.lanewise(VectorOperators.LSHR, 8)));
        h0 = h0.lanewise(VectorOperators.ROR, 2);
        h1 = h1.lanewise(VectorOperators.ROR, 2);
        h2 = h2.lanewise(VectorOperators.ROR, 2);
        h3 = h3.lanewise(VectorOperators.ROR, 2);
      }
      long s = plain(scales + 2L * g * BYTES);
      FloatVector f = FloatVector.broadcast(F, ALL.get(F32, plain(factors) + 4L * g));
      IntVector i0 = s0.reinterpretAsInts();
      IntVector i1 = s1.reinterpretAsInts();
      IntVector i2 = s2.reinterpretAsInts();
      IntVector i3 = s3.reinterpretAsInts();
      IntVector l0 = i0.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y0 = i0.lanewise(VectorOperators.ASHR, 16).add(l0).convert(VectorOperators.I2F, 0);
      c0 = FloatVector.fromMemorySegment(F, ALL, s, ORDER).mul(y0).fma(f, c0);
      IntVector l1 = i1.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y1 = i1.lanewise(VectorOperators.ASHR, 16).add(l1).convert(VectorOperators.I2F, 0);
      c1 = FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER).mul(y1).fma(f, c1);
      IntVector l2 = i2.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y2 = i2.lanewise(VectorOperators.ASHR, 16).add(l2).convert(VectorOperators.I2F, 0);
      c2 = FloatVector.fromMemorySegment(F, ALL, s + PanelMath.SCALES, ORDER).mul(y2).fma(f, c2);
      IntVector l3 = i3.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
      var y3 = i3.lanewise(VectorOperators.ASHR, 16).add(l3).convert(VectorOperators.I2F, 0);
      c3 =
          FloatVector.fromMemorySegment(F, ALL, s + PanelMath.SCALES + BYTES, ORDER)
              .mul(y3)
              .fma(f, c3);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }
}
