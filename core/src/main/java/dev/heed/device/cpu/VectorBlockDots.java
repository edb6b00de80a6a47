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
 * One row of x times two packed panels of a block type, straight from the quants: the terms of
 * {@link VectorExpand} and {@link VectorTiles} in the same order. Two panels make four independent
 * chains of sums. Each loop stands in a method of its own, without helper methods, so that it
 * compiles the same whatever types are in use.
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
    long step = PanelLayout.bitVectors(type) * (long) BYTES;
    Memory.zero(c, 2L * BYTES);
    Memory.zero(d, 2L * BYTES);
    for (int j = 0; j < k; j += PanelSource.DEPTH) {
      int groups = Math.min(PanelSource.DEPTH, k - j) / 32;
      long at = j / type.blockSize() * vectors * BYTES;
      VectorScales.expand(type, scratch, a + at, groups);
      VectorScales.expand(type, scratch + VectorScales.SIZE, b + at, groups);
      long first = at + PanelLayout.quantVector(type, groups) * (long) BYTES;
      long p = a + first;
      long q = b + first;
      long from = x + 4L * j;
      switch (type) {
        case Q8_0 -> bytes(c, d, from, p, q, step, scratch, groups);
        case Q4_0, Q4_1, Q4_K -> nibbles(c, d, from, p, q, step, scratch, groups);
        case Q5_0, Q5_1, Q5_K -> VectorBitDots.fiveBits(c, d, from, p, q, step, scratch, groups);
        default -> VectorBitDots.sixBits(c, d, from, p, q, step, scratch, groups);
      }
    }
  }

  private static void bytes(
      long c, long d, long xs, long as, long bs, long step, long scales, int groups) {
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c2 = FloatVector.fromMemorySegment(F, ALL, d, ORDER);
    FloatVector c3 = FloatVector.fromMemorySegment(F, ALL, d + BYTES, ORDER);
    for (int g = 0; g < groups; g++) {
      long s = plain(scales + (long) g * VectorScales.STEP);
      long a = plain(as + g * step);
      long b = plain(bs + g * step);
      long x = plain(xs + 128L * g);
      FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, s, ORDER);
      FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, s + 2 * BYTES, ORDER);
      FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER);
      FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, s + 3 * BYTES, ORDER);
      FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, s + VectorScales.SIZE, ORDER);
      FloatVector m2 =
          FloatVector.fromMemorySegment(F, ALL, s + VectorScales.SIZE + 2 * BYTES, ORDER);
      FloatVector s3 = FloatVector.fromMemorySegment(F, ALL, s + VectorScales.SIZE + BYTES, ORDER);
      FloatVector m3 =
          FloatVector.fromMemorySegment(F, ALL, s + VectorScales.SIZE + 3 * BYTES, ORDER);
      for (int j = 0; j < 8; j++) {
        IntVector w0 = IntVector.fromMemorySegment(I, ALL, a + 2L * j * BYTES, ORDER);
        IntVector w1 = IntVector.fromMemorySegment(I, ALL, a + (2L * j + 1) * BYTES, ORDER);
        IntVector w2 = IntVector.fromMemorySegment(I, ALL, b + 2L * j * BYTES, ORDER);
        IntVector w3 = IntVector.fromMemorySegment(I, ALL, b + (2L * j + 1) * BYTES, ORDER);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 0));
        c0 = v.fma(((FloatVector) w0.and(255).convert(VectorOperators.I2F, 0)).fma(s0, m0), c0);
        c1 = v.fma(((FloatVector) w1.and(255).convert(VectorOperators.I2F, 0)).fma(s1, m1), c1);
        c2 = v.fma(((FloatVector) w2.and(255).convert(VectorOperators.I2F, 0)).fma(s2, m2), c2);
        c3 = v.fma(((FloatVector) w3.and(255).convert(VectorOperators.I2F, 0)).fma(s3, m3), c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4));
        c0 =
            v.fma(
                ((FloatVector)
                        w0.lanewise(VectorOperators.LSHR, 8)
                            .and(255)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s0, m0),
                c0);
        c1 =
            v.fma(
                ((FloatVector)
                        w1.lanewise(VectorOperators.LSHR, 8)
                            .and(255)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s1, m1),
                c1);
        c2 =
            v.fma(
                ((FloatVector)
                        w2.lanewise(VectorOperators.LSHR, 8)
                            .and(255)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s2, m2),
                c2);
        c3 =
            v.fma(
                ((FloatVector)
                        w3.lanewise(VectorOperators.LSHR, 8)
                            .and(255)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s3, m3),
                c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 8));
        c0 =
            v.fma(
                ((FloatVector)
                        w0.lanewise(VectorOperators.LSHR, 16)
                            .and(255)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s0, m0),
                c0);
        c1 =
            v.fma(
                ((FloatVector)
                        w1.lanewise(VectorOperators.LSHR, 16)
                            .and(255)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s1, m1),
                c1);
        c2 =
            v.fma(
                ((FloatVector)
                        w2.lanewise(VectorOperators.LSHR, 16)
                            .and(255)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s2, m2),
                c2);
        c3 =
            v.fma(
                ((FloatVector)
                        w3.lanewise(VectorOperators.LSHR, 16)
                            .and(255)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s3, m3),
                c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 12));
        c0 =
            v.fma(
                ((FloatVector)
                        w0.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0))
                    .fma(s0, m0),
                c0);
        c1 =
            v.fma(
                ((FloatVector)
                        w1.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0))
                    .fma(s1, m1),
                c1);
        c2 =
            v.fma(
                ((FloatVector)
                        w2.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0))
                    .fma(s2, m2),
                c2);
        c3 =
            v.fma(
                ((FloatVector)
                        w3.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0))
                    .fma(s3, m3),
                c3);
      }
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  private static void nibbles(
      long c, long d, long xs, long as, long bs, long step, long scales, int groups) {
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c2 = FloatVector.fromMemorySegment(F, ALL, d, ORDER);
    FloatVector c3 = FloatVector.fromMemorySegment(F, ALL, d + BYTES, ORDER);
    for (int g = 0; g < groups; g++) {
      long s = plain(scales + (long) g * VectorScales.STEP);
      long a = plain(as + g * step);
      long b = plain(bs + g * step);
      long x = plain(xs + 128L * g);
      FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, s, ORDER);
      FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, s + 2 * BYTES, ORDER);
      FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER);
      FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, s + 3 * BYTES, ORDER);
      FloatVector s2 = FloatVector.fromMemorySegment(F, ALL, s + VectorScales.SIZE, ORDER);
      FloatVector m2 =
          FloatVector.fromMemorySegment(F, ALL, s + VectorScales.SIZE + 2 * BYTES, ORDER);
      FloatVector s3 = FloatVector.fromMemorySegment(F, ALL, s + VectorScales.SIZE + BYTES, ORDER);
      FloatVector m3 =
          FloatVector.fromMemorySegment(F, ALL, s + VectorScales.SIZE + 3 * BYTES, ORDER);
      for (int j = 0; j < 8; j++) {
        IntVector p = IntVector.fromMemorySegment(I, ALL, a + (long) j * BYTES, ORDER);
        IntVector q = IntVector.fromMemorySegment(I, ALL, b + (long) j * BYTES, ORDER);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 0));
        c0 = v.fma(((FloatVector) p.and(15).convert(VectorOperators.I2F, 0)).fma(s0, m0), c0);
        c1 =
            v.fma(
                ((FloatVector)
                        p.lanewise(VectorOperators.LSHR, 4).and(15).convert(VectorOperators.I2F, 0))
                    .fma(s1, m1),
                c1);
        c2 = v.fma(((FloatVector) q.and(15).convert(VectorOperators.I2F, 0)).fma(s2, m2), c2);
        c3 =
            v.fma(
                ((FloatVector)
                        q.lanewise(VectorOperators.LSHR, 4).and(15).convert(VectorOperators.I2F, 0))
                    .fma(s3, m3),
                c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4));
        c0 =
            v.fma(
                ((FloatVector)
                        p.lanewise(VectorOperators.LSHR, 8).and(15).convert(VectorOperators.I2F, 0))
                    .fma(s0, m0),
                c0);
        c1 =
            v.fma(
                ((FloatVector)
                        p.lanewise(VectorOperators.LSHR, 12)
                            .and(15)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s1, m1),
                c1);
        c2 =
            v.fma(
                ((FloatVector)
                        q.lanewise(VectorOperators.LSHR, 8).and(15).convert(VectorOperators.I2F, 0))
                    .fma(s2, m2),
                c2);
        c3 =
            v.fma(
                ((FloatVector)
                        q.lanewise(VectorOperators.LSHR, 12)
                            .and(15)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s3, m3),
                c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 8));
        c0 =
            v.fma(
                ((FloatVector)
                        p.lanewise(VectorOperators.LSHR, 16)
                            .and(15)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s0, m0),
                c0);
        c1 =
            v.fma(
                ((FloatVector)
                        p.lanewise(VectorOperators.LSHR, 20)
                            .and(15)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s1, m1),
                c1);
        c2 =
            v.fma(
                ((FloatVector)
                        q.lanewise(VectorOperators.LSHR, 16)
                            .and(15)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s2, m2),
                c2);
        c3 =
            v.fma(
                ((FloatVector)
                        q.lanewise(VectorOperators.LSHR, 20)
                            .and(15)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s3, m3),
                c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 12));
        c0 =
            v.fma(
                ((FloatVector)
                        p.lanewise(VectorOperators.LSHR, 24)
                            .and(15)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s0, m0),
                c0);
        c1 =
            v.fma(
                ((FloatVector) p.lanewise(VectorOperators.LSHR, 28).convert(VectorOperators.I2F, 0))
                    .fma(s1, m1),
                c1);
        c2 =
            v.fma(
                ((FloatVector)
                        q.lanewise(VectorOperators.LSHR, 24)
                            .and(15)
                            .convert(VectorOperators.I2F, 0))
                    .fma(s2, m2),
                c2);
        c3 =
            v.fma(
                ((FloatVector) q.lanewise(VectorOperators.LSHR, 28).convert(VectorOperators.I2F, 0))
                    .fma(s3, m3),
                c3);
      }
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }
}
