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
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Rows of {@link RoundedOperand} times expanded panels. */
final class VectorRounded {
  /** Shorts, twice as many as a vector has floats. */
  static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.preferredShape());

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private VectorRounded() {}

  /**
   * c += m rows of x times a panel, but for products of totals and minima.
   *
   * @param sums {@link PanelMath#TILE} bytes of scratch
   */
  static void multiply(
      int size,
      long c,
      RoundedOperand x,
      long row,
      int m,
      int k0,
      long quants,
      long scales,
      int k,
      long sums) {
    int groups = k / size;
    for (int i = 0; i < m; ) {
      int left = m - i;
      int rows = VectorPanels.TALL && left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
      for (int g = 0; g < groups; g++) {
        long out = sums + 2L * g * rows * BYTES;
        long pairs = x.pairs(row + i, k0 + g * size);
        long starts = x.starts(row + i, k0 + g * size);
        tile(rows, out, pairs, x.stride(), starts, quants + (long) g * size * BYTES, size);
      }
      long to = c + 2L * i * BYTES;
      add(to, sums, x.factors(row + i, k0), x.stride(), scales, rows, groups);
      i += rows;
    }
  }

  /** A group: the compiler gives up loops over groups around so many registers. */
  private static void tile(
      int rows, long sums, long x, long stride, long starts, long quants, int size) {
    switch (rows) {
      case 8 -> VectorRoundedTiles.rows8(sums, x, stride, starts, quants, size);
      case 4 -> VectorRoundedTiles.rows4(sums, x, stride, starts, quants, size);
      case 2 -> VectorRoundedTiles.rows2(sums, x, stride, starts, quants, size);
      default -> VectorRoundedTiles.rows1(sums, x, starts, quants, size);
    }
  }

  /**
   * c[rows][2 vectors] += factors[rows][groups] * scales[groups][2 vectors] * both halves of the
   * lanes of sums[groups][rows][2 vectors].
   */
  private static void add(
      long c, long sums, long factors, long stride, long scales, int rows, int groups) {
    long step = 2L * rows * BYTES;
    for (int r = 0; r < rows; r++) {
      long to = plain(c + 2L * r * BYTES);
      long from = sums + 2L * r * BYTES;
      long f = plain(factors + r * stride);
      FloatVector ca = FloatVector.fromMemorySegment(F, ALL, to, ORDER);
      FloatVector cb = FloatVector.fromMemorySegment(F, ALL, to + BYTES, ORDER);
      for (int g = 0; g < groups; g++) {
        FloatVector d = FloatVector.broadcast(F, ALL.get(F32, f + 4L * g));
        long s = plain(from + g * step);
        IntVector a = IntVector.fromMemorySegment(I, ALL, s, ORDER);
        IntVector b = IntVector.fromMemorySegment(I, ALL, s + BYTES, ORDER);
        IntVector lowA = a.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
        IntVector lowB = b.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
        a = a.lanewise(VectorOperators.ASHR, 16).add(lowA);
        b = b.lanewise(VectorOperators.ASHR, 16).add(lowB);
        var ya = a.convert(VectorOperators.I2F, 0);
        var yb = b.convert(VectorOperators.I2F, 0);
        long w = plain(scales + 2L * g * BYTES);
        ca = FloatVector.fromMemorySegment(F, ALL, w, ORDER).mul(ya).fma(d, ca);
        cb = FloatVector.fromMemorySegment(F, ALL, w + BYTES, ORDER).mul(yb).fma(d, cb);
      }
      ca.intoMemorySegment(ALL, to, ORDER);
      cb.intoMemorySegment(ALL, to + BYTES, ORDER);
    }
  }

  /** Minima, with what the quants' middle times all of x would give put into them. */
  static void minima(DType type, long scales, long at, int groups) {
    VectorScales.minima(type, scales + PanelMath.MINIMA, at, groups);
    int centre = RoundedOperand.centre(type);
    for (int i = 0; centre != 0 && i < 2 * groups; i++) {
      long from = plain(scales + (long) i * BYTES);
      FloatVector s = FloatVector.fromMemorySegment(F, ALL, from, ORDER);
      FloatVector m = FloatVector.fromMemorySegment(F, ALL, from + PanelMath.MINIMA, ORDER);
      m = s.fma(FloatVector.broadcast(F, centre), m);
      m.intoMemorySegment(ALL, from + PanelMath.MINIMA, ORDER);
    }
  }

  /** Quants of whole blocks as pairs of 16 bits: [k / 2][2 vectors], from 0 on. */
  static void expand(DType type, long out, long at, int groups) {
    long step = PanelLayout.bitVectors(type) * (long) BYTES;
    switch (type) {
      case Q4_0, Q4_1, Q4_K -> nibbles(out, at, step, groups);
      case Q5_0, Q5_1, Q5_K -> fiveBits(out, at, step, groups);
      default -> sixBits(out, at, step, groups);
    }
  }

  private static void nibbles(long out, long quants, long step, int groups) {
    for (int j = 0; j < 8 * groups; j++) {
      long at = plain(quants + (j >> 3) * step + (j & 7L) * BYTES);
      long to = plain(out + 4L * j * BYTES);
      IntVector v = IntVector.fromMemorySegment(I, ALL, at, ORDER);
      v.and(0xf000f).intoMemorySegment(ALL, to, ORDER);
      v.lanewise(VectorOperators.LSHR, 4).and(0xf000f).intoMemorySegment(ALL, to + BYTES, ORDER);
      v.lanewise(VectorOperators.LSHR, 8)
          .and(0xf000f)
          .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
      v.lanewise(VectorOperators.LSHR, 12)
          .and(0xf000f)
          .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
    }
  }

  /** Bits 4j and 4j + 2 of a plane go to bits 4 and 20, then bits 4j + 1 and 4j + 3. */
  private static void fiveBits(long out, long quants, long step, int groups) {
    for (int g = 0; g < groups; g++) {
      long at = plain(quants + g * step);
      long start = plain(out + 32L * g * BYTES);
      IntVector a = IntVector.fromMemorySegment(I, ALL, at, ORDER);
      IntVector b = IntVector.fromMemorySegment(I, ALL, at + BYTES, ORDER);
      for (int j = 0; j < 8; j++) {
        long to = start + 4L * j * BYTES;
        IntVector v = IntVector.fromMemorySegment(I, ALL, at + (2L + j) * BYTES, ORDER);
        IntVector w = v.lanewise(VectorOperators.LSHR, 8);
        v.and(0xf000f)
            .or(a.lanewise(VectorOperators.LSHL, 4).and(0x10))
            .or(a.lanewise(VectorOperators.LSHL, 18).and(0x100000))
            .intoMemorySegment(ALL, to, ORDER);
        v.lanewise(VectorOperators.LSHR, 4)
            .and(0xf000f)
            .or(b.lanewise(VectorOperators.LSHL, 4).and(0x10))
            .or(b.lanewise(VectorOperators.LSHL, 18).and(0x100000))
            .intoMemorySegment(ALL, to + BYTES, ORDER);
        w.and(0xf000f)
            .or(a.lanewise(VectorOperators.LSHL, 3).and(0x10))
            .or(a.lanewise(VectorOperators.LSHL, 17).and(0x100000))
            .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        w.lanewise(VectorOperators.LSHR, 4)
            .and(0xf000f)
            .or(b.lanewise(VectorOperators.LSHL, 3).and(0x10))
            .or(b.lanewise(VectorOperators.LSHL, 17).and(0x100000))
            .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
        a = a.lanewise(VectorOperators.LSHR, 4);
        b = b.lanewise(VectorOperators.LSHR, 4);
      }
    }
  }

  private static void sixBits(long out, long quants, long step, int groups) {
    for (int g = 0; g < 2 * groups; g++) {
      int half = g & 1;
      long group = quants + (g >> 1) * step;
      long at = plain(group + half * 2L * BYTES);
      long nibbles = plain(group + (4 + half * 4L) * BYTES);
      long start = plain(out + 16L * g * BYTES);
      IntVector a = IntVector.fromMemorySegment(I, ALL, at, ORDER);
      IntVector b = IntVector.fromMemorySegment(I, ALL, at + BYTES, ORDER);
      a = a.lanewise(VectorOperators.ROL, 4);
      b = b.lanewise(VectorOperators.ROL, 4);
      for (int j = 0; j < 4; j++) {
        long to = start + 4L * j * BYTES;
        IntVector v = IntVector.fromMemorySegment(I, ALL, nibbles + (long) j * BYTES, ORDER);
        IntVector low = v.and(0x0f0f0f0f).or(a.and(0x30303030));
        IntVector high = v.lanewise(VectorOperators.LSHR, 4).and(0x0f0f0f0f).or(b.and(0x30303030));
        low.and(0xff00ff).intoMemorySegment(ALL, to, ORDER);
        high.and(0xff00ff).intoMemorySegment(ALL, to + BYTES, ORDER);
        low.lanewise(VectorOperators.LSHR, 8)
            .and(0xff00ff)
            .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        high.lanewise(VectorOperators.LSHR, 8)
            .and(0xff00ff)
            .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
        a = a.lanewise(VectorOperators.ROR, 2);
        b = b.lanewise(VectorOperators.ROR, 2);
      }
    }
  }
}
