package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.I;
import static dev.heed.device.cpu.VectorScales.number;

import dev.heed.tensor.DType;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * One row of x times two packed panels of a block type, straight from the quants: the terms of
 * {@link VectorExpand} and {@link VectorTiles} in the same order. Two panels make four independent
 * chains of sums, which rest in memory between groups.
 */
final class VectorBlockDots {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private VectorBlockDots() {}

  /**
   * c[2 vectors] and d[2 vectors] = x times panels a and b.
   *
   * @param x F32 [k]
   * @param scratch 2 * {@link VectorScales#SIZE} bytes
   */
  static void dot(DType type, long c, long d, long x, long a, long b, int k, long scratch) {
    long vectors = PanelLayout.vectors(type);
    Memory.zero(c, 2L * BYTES);
    Memory.zero(d, 2L * BYTES);
    for (int j = 0; j < k; j += PanelSource.DEPTH) {
      int groups = Math.min(PanelSource.DEPTH, k - j) / 32;
      long at = j / type.blockSize() * vectors * BYTES;
      VectorScales.expand(type, scratch, a + at, groups);
      VectorScales.expand(type, scratch + VectorScales.SIZE, b + at, groups);
      for (int g = 0; g < groups; g++) {
        long quants = at + PanelLayout.groupVector(type, g) * (long) BYTES;
        long scales = scratch + (long) g * VectorScales.STEP;
        group(type, c, d, x + 4L * (j + 32 * g), a + quants, b + quants, scales);
      }
    }
  }

  private static void group(DType type, long c, long d, long x, long a, long b, long scales) {
    switch (type) {
      case Q8_0 -> bytes(c, d, x, a, b, scales);
      case Q4_0, Q4_1, Q4_K -> nibbles(c, d, x, a, b, scales);
      case Q5_0, Q5_1, Q5_K -> {
        fiveBits(c, x, a, scales);
        fiveBits(d, x, b, scales + VectorScales.SIZE);
      }
      default -> {
        long other = scales + VectorScales.SIZE;
        sixBits(c, x, a, a + 4 * BYTES, scales);
        sixBits(d, x, b, b + 4 * BYTES, other);
        sixBits(c, x + 64, a + 2 * BYTES, a + 8 * BYTES, scales + 4 * BYTES);
        sixBits(d, x + 64, b + 2 * BYTES, b + 8 * BYTES, other + 4 * BYTES);
      }
    }
  }

  private static void bytes(long c, long d, long x, long a, long b, long scales) {
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c2 = FloatVector.fromMemorySegment(F, ALL, d, ORDER);
    FloatVector c3 = FloatVector.fromMemorySegment(F, ALL, d + BYTES, ORDER);
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, scales + VectorScales.SIZE, ORDER);
    FloatVector m2 =
        FloatVector.fromMemorySegment(F, ALL, scales + VectorScales.SIZE + 2 * BYTES, ORDER);
    FloatVector s3 =
        FloatVector.fromMemorySegment(F, ALL, scales + VectorScales.SIZE + BYTES, ORDER);
    FloatVector m3 =
        FloatVector.fromMemorySegment(F, ALL, scales + VectorScales.SIZE + 3 * BYTES, ORDER);
    for (int j = 0; j < 8; j++) {
      IntVector w0 = IntVector.fromMemorySegment(I, ALL, a + 2L * j * BYTES, ORDER);
      IntVector w1 = IntVector.fromMemorySegment(I, ALL, a + (2L * j + 1) * BYTES, ORDER);
      IntVector w2 = IntVector.fromMemorySegment(I, ALL, b + 2L * j * BYTES, ORDER);
      IntVector w3 = IntVector.fromMemorySegment(I, ALL, b + (2L * j + 1) * BYTES, ORDER);
      for (int i = 0; i < 4; i++) {
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4 * i));
        c0 = v.fma(number(w0.and(255)).fma(s0, m0), c0);
        c1 = v.fma(number(w1.and(255)).fma(s1, m1), c1);
        c2 = v.fma(number(w2.and(255)).fma(s2, m2), c2);
        c3 = v.fma(number(w3.and(255)).fma(s3, m3), c3);
        w0 = w0.lanewise(VectorOperators.LSHR, 8);
        w1 = w1.lanewise(VectorOperators.LSHR, 8);
        w2 = w2.lanewise(VectorOperators.LSHR, 8);
        w3 = w3.lanewise(VectorOperators.LSHR, 8);
      }
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  private static void nibbles(long c, long d, long x, long a, long b, long scales) {
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c2 = FloatVector.fromMemorySegment(F, ALL, d, ORDER);
    FloatVector c3 = FloatVector.fromMemorySegment(F, ALL, d + BYTES, ORDER);
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, scales + VectorScales.SIZE, ORDER);
    FloatVector m2 =
        FloatVector.fromMemorySegment(F, ALL, scales + VectorScales.SIZE + 2 * BYTES, ORDER);
    FloatVector s3 =
        FloatVector.fromMemorySegment(F, ALL, scales + VectorScales.SIZE + BYTES, ORDER);
    FloatVector m3 =
        FloatVector.fromMemorySegment(F, ALL, scales + VectorScales.SIZE + 3 * BYTES, ORDER);
    for (int j = 0; j < 8; j++) {
      IntVector p = IntVector.fromMemorySegment(I, ALL, a + (long) j * BYTES, ORDER);
      IntVector q = IntVector.fromMemorySegment(I, ALL, b + (long) j * BYTES, ORDER);
      for (int i = 0; i < 4; i++) {
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4 * i));
        c0 = v.fma(number(p.and(15)).fma(s0, m0), c0);
        c2 = v.fma(number(q.and(15)).fma(s2, m2), c2);
        IntVector p1 = p.lanewise(VectorOperators.LSHR, 4).and(15);
        IntVector q1 = q.lanewise(VectorOperators.LSHR, 4).and(15);
        c1 = v.fma(number(p1).fma(s1, m1), c1);
        c3 = v.fma(number(q1).fma(s3, m3), c3);
        p = p.lanewise(VectorOperators.LSHR, 8);
        q = q.lanewise(VectorOperators.LSHR, 8);
      }
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  private static void fiveBits(long c, long x, long a, long scales) {
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    IntVector b0 = IntVector.fromMemorySegment(I, ALL, a, ORDER);
    IntVector b1 = IntVector.fromMemorySegment(I, ALL, a + BYTES, ORDER);
    for (int j = 0; j < 8; j++) {
      IntVector p = IntVector.fromMemorySegment(I, ALL, a + (2L + j) * BYTES, ORDER);
      for (int i = 0; i < 4; i++) {
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4 * i));
        IntVector low = p.and(15).or(b0.lanewise(VectorOperators.LSHL, 4).and(16));
        IntVector high = p.lanewise(VectorOperators.LSHR, 4).and(15);
        high = high.or(b1.lanewise(VectorOperators.LSHL, 4).and(16));
        c0 = v.fma(number(low).fma(s0, m0), c0);
        c1 = v.fma(number(high).fma(s1, m1), c1);
        p = p.lanewise(VectorOperators.LSHR, 8);
        b0 = b0.lanewise(VectorOperators.LSHR, 1);
        b1 = b1.lanewise(VectorOperators.LSHR, 1);
      }
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
  }

  /** 16 elements of k. */
  private static void sixBits(long c, long x, long pairs, long a, long scales) {
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    IntVector b0 = IntVector.fromMemorySegment(I, ALL, pairs, ORDER);
    IntVector b1 = IntVector.fromMemorySegment(I, ALL, pairs + BYTES, ORDER);
    for (int j = 0; j < 4; j++) {
      IntVector p = IntVector.fromMemorySegment(I, ALL, a + (long) j * BYTES, ORDER);
      for (int i = 0; i < 4; i++) {
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4 * i));
        IntVector low = p.and(15).or(b0.lanewise(VectorOperators.LSHL, 4).and(48));
        IntVector high = p.lanewise(VectorOperators.LSHR, 4).and(15);
        high = high.or(b1.lanewise(VectorOperators.LSHL, 4).and(48));
        c0 = v.fma(number(low).fma(s0, m0), c0);
        c1 = v.fma(number(high).fma(s1, m1), c1);
        p = p.lanewise(VectorOperators.LSHR, 8);
        b0 = b0.lanewise(VectorOperators.LSHR, 2);
        b1 = b1.lanewise(VectorOperators.LSHR, 2);
      }
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
  }
}
