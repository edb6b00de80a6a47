package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.Memory.plain;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.I;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** {@link VectorBlockDots} for quants of more than a nibble. */
final class VectorBitDots {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private VectorBitDots() {}

  /** Chunks of 5-bit quants: nibbles and a plane of fifth bits. */
  static void fiveBits(
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
      IntVector b0 = IntVector.fromMemorySegment(I, ALL, a, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(I, ALL, a + BYTES, ORDER);
      IntVector b2 = IntVector.fromMemorySegment(I, ALL, b, ORDER);
      IntVector b3 = IntVector.fromMemorySegment(I, ALL, b + BYTES, ORDER);
      for (int j = 0; j < 8; j++) {
        IntVector p = IntVector.fromMemorySegment(I, ALL, a + (2L + j) * BYTES, ORDER);
        IntVector q = IntVector.fromMemorySegment(I, ALL, b + (2L + j) * BYTES, ORDER);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 0));
        IntVector w0 = p.and(15);
        w0 = w0.or(b0.lanewise(VectorOperators.LSHL, 4).and(16));
        c0 = v.fma(((FloatVector) w0.convert(VectorOperators.I2F, 0)).fma(s0, m0), c0);
        IntVector w1 = p.lanewise(VectorOperators.LSHR, 4).and(15);
        w1 = w1.or(b1.lanewise(VectorOperators.LSHL, 4).and(16));
        c1 = v.fma(((FloatVector) w1.convert(VectorOperators.I2F, 0)).fma(s1, m1), c1);
        IntVector w2 = q.and(15);
        w2 = w2.or(b2.lanewise(VectorOperators.LSHL, 4).and(16));
        c2 = v.fma(((FloatVector) w2.convert(VectorOperators.I2F, 0)).fma(s2, m2), c2);
        IntVector w3 = q.lanewise(VectorOperators.LSHR, 4).and(15);
        w3 = w3.or(b3.lanewise(VectorOperators.LSHL, 4).and(16));
        c3 = v.fma(((FloatVector) w3.convert(VectorOperators.I2F, 0)).fma(s3, m3), c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4));
        w0 = p.lanewise(VectorOperators.LSHR, 8).and(15);
        w0 = w0.or(b0.lanewise(VectorOperators.LSHL, 3).and(16));
        c0 = v.fma(((FloatVector) w0.convert(VectorOperators.I2F, 0)).fma(s0, m0), c0);
        w1 = p.lanewise(VectorOperators.LSHR, 12).and(15);
        w1 = w1.or(b1.lanewise(VectorOperators.LSHL, 3).and(16));
        c1 = v.fma(((FloatVector) w1.convert(VectorOperators.I2F, 0)).fma(s1, m1), c1);
        w2 = q.lanewise(VectorOperators.LSHR, 8).and(15);
        w2 = w2.or(b2.lanewise(VectorOperators.LSHL, 3).and(16));
        c2 = v.fma(((FloatVector) w2.convert(VectorOperators.I2F, 0)).fma(s2, m2), c2);
        w3 = q.lanewise(VectorOperators.LSHR, 12).and(15);
        w3 = w3.or(b3.lanewise(VectorOperators.LSHL, 3).and(16));
        c3 = v.fma(((FloatVector) w3.convert(VectorOperators.I2F, 0)).fma(s3, m3), c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 8));
        w0 = p.lanewise(VectorOperators.LSHR, 16).and(15);
        w0 = w0.or(b0.lanewise(VectorOperators.LSHL, 2).and(16));
        c0 = v.fma(((FloatVector) w0.convert(VectorOperators.I2F, 0)).fma(s0, m0), c0);
        w1 = p.lanewise(VectorOperators.LSHR, 20).and(15);
        w1 = w1.or(b1.lanewise(VectorOperators.LSHL, 2).and(16));
        c1 = v.fma(((FloatVector) w1.convert(VectorOperators.I2F, 0)).fma(s1, m1), c1);
        w2 = q.lanewise(VectorOperators.LSHR, 16).and(15);
        w2 = w2.or(b2.lanewise(VectorOperators.LSHL, 2).and(16));
        c2 = v.fma(((FloatVector) w2.convert(VectorOperators.I2F, 0)).fma(s2, m2), c2);
        w3 = q.lanewise(VectorOperators.LSHR, 20).and(15);
        w3 = w3.or(b3.lanewise(VectorOperators.LSHL, 2).and(16));
        c3 = v.fma(((FloatVector) w3.convert(VectorOperators.I2F, 0)).fma(s3, m3), c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 12));
        w0 = p.lanewise(VectorOperators.LSHR, 24).and(15);
        w0 = w0.or(b0.lanewise(VectorOperators.LSHL, 1).and(16));
        c0 = v.fma(((FloatVector) w0.convert(VectorOperators.I2F, 0)).fma(s0, m0), c0);
        w1 = p.lanewise(VectorOperators.LSHR, 28).and(15);
        w1 = w1.or(b1.lanewise(VectorOperators.LSHL, 1).and(16));
        c1 = v.fma(((FloatVector) w1.convert(VectorOperators.I2F, 0)).fma(s1, m1), c1);
        w2 = q.lanewise(VectorOperators.LSHR, 24).and(15);
        w2 = w2.or(b2.lanewise(VectorOperators.LSHL, 1).and(16));
        c2 = v.fma(((FloatVector) w2.convert(VectorOperators.I2F, 0)).fma(s2, m2), c2);
        w3 = q.lanewise(VectorOperators.LSHR, 28).and(15);
        w3 = w3.or(b3.lanewise(VectorOperators.LSHL, 1).and(16));
        c3 = v.fma(((FloatVector) w3.convert(VectorOperators.I2F, 0)).fma(s3, m3), c3);
        b0 = b0.lanewise(VectorOperators.LSHR, 4);
        b1 = b1.lanewise(VectorOperators.LSHR, 4);
        b2 = b2.lanewise(VectorOperators.LSHR, 4);
        b3 = b3.lanewise(VectorOperators.LSHR, 4);
      }
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  /** Chunks of 6-bit quants: nibbles and planes of two bits; scales for each 16. */
  static void sixBits(
      long c, long d, long xs, long as, long bs, long step, long scales, int groups) {
    FloatVector c0 = FloatVector.fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c1 = FloatVector.fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c2 = FloatVector.fromMemorySegment(F, ALL, d, ORDER);
    FloatVector c3 = FloatVector.fromMemorySegment(F, ALL, d + BYTES, ORDER);
    for (int g = 0; g < 2 * groups; g++) {
      long s = plain(scales + (long) g * (VectorScales.STEP / 2));
      long x = plain(xs + 64L * g);
      int half = g & 1;
      long group = (g >> 1) * step;
      long a = plain(as + group + half * 2L * BYTES);
      long b = plain(bs + group + half * 2L * BYTES);
      long p0 = plain(as + group + (4 + half * 4L) * BYTES);
      long q0 = plain(bs + group + (4 + half * 4L) * BYTES);
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
      IntVector b0 = IntVector.fromMemorySegment(I, ALL, a, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(I, ALL, a + BYTES, ORDER);
      IntVector b2 = IntVector.fromMemorySegment(I, ALL, b, ORDER);
      IntVector b3 = IntVector.fromMemorySegment(I, ALL, b + BYTES, ORDER);
      for (int j = 0; j < 4; j++) {
        IntVector p = IntVector.fromMemorySegment(I, ALL, p0 + (long) j * BYTES, ORDER);
        IntVector q = IntVector.fromMemorySegment(I, ALL, q0 + (long) j * BYTES, ORDER);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 0));
        IntVector w0 = p.and(15);
        w0 = w0.or(b0.lanewise(VectorOperators.LSHL, 4).and(48));
        c0 = v.fma(((FloatVector) w0.convert(VectorOperators.I2F, 0)).fma(s0, m0), c0);
        IntVector w1 = p.lanewise(VectorOperators.LSHR, 4).and(15);
        w1 = w1.or(b1.lanewise(VectorOperators.LSHL, 4).and(48));
        c1 = v.fma(((FloatVector) w1.convert(VectorOperators.I2F, 0)).fma(s1, m1), c1);
        IntVector w2 = q.and(15);
        w2 = w2.or(b2.lanewise(VectorOperators.LSHL, 4).and(48));
        c2 = v.fma(((FloatVector) w2.convert(VectorOperators.I2F, 0)).fma(s2, m2), c2);
        IntVector w3 = q.lanewise(VectorOperators.LSHR, 4).and(15);
        w3 = w3.or(b3.lanewise(VectorOperators.LSHL, 4).and(48));
        c3 = v.fma(((FloatVector) w3.convert(VectorOperators.I2F, 0)).fma(s3, m3), c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4));
        w0 = p.lanewise(VectorOperators.LSHR, 8).and(15);
        w0 = w0.or(b0.lanewise(VectorOperators.LSHL, 2).and(48));
        c0 = v.fma(((FloatVector) w0.convert(VectorOperators.I2F, 0)).fma(s0, m0), c0);
        w1 = p.lanewise(VectorOperators.LSHR, 12).and(15);
        w1 = w1.or(b1.lanewise(VectorOperators.LSHL, 2).and(48));
        c1 = v.fma(((FloatVector) w1.convert(VectorOperators.I2F, 0)).fma(s1, m1), c1);
        w2 = q.lanewise(VectorOperators.LSHR, 8).and(15);
        w2 = w2.or(b2.lanewise(VectorOperators.LSHL, 2).and(48));
        c2 = v.fma(((FloatVector) w2.convert(VectorOperators.I2F, 0)).fma(s2, m2), c2);
        w3 = q.lanewise(VectorOperators.LSHR, 12).and(15);
        w3 = w3.or(b3.lanewise(VectorOperators.LSHL, 2).and(48));
        c3 = v.fma(((FloatVector) w3.convert(VectorOperators.I2F, 0)).fma(s3, m3), c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 8));
        w0 = p.lanewise(VectorOperators.LSHR, 16).and(15);
        w0 = w0.or(b0.and(48));
        c0 = v.fma(((FloatVector) w0.convert(VectorOperators.I2F, 0)).fma(s0, m0), c0);
        w1 = p.lanewise(VectorOperators.LSHR, 20).and(15);
        w1 = w1.or(b1.and(48));
        c1 = v.fma(((FloatVector) w1.convert(VectorOperators.I2F, 0)).fma(s1, m1), c1);
        w2 = q.lanewise(VectorOperators.LSHR, 16).and(15);
        w2 = w2.or(b2.and(48));
        c2 = v.fma(((FloatVector) w2.convert(VectorOperators.I2F, 0)).fma(s2, m2), c2);
        w3 = q.lanewise(VectorOperators.LSHR, 20).and(15);
        w3 = w3.or(b3.and(48));
        c3 = v.fma(((FloatVector) w3.convert(VectorOperators.I2F, 0)).fma(s3, m3), c3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 12));
        w0 = p.lanewise(VectorOperators.LSHR, 24).and(15);
        w0 = w0.or(b0.lanewise(VectorOperators.LSHR, 2).and(48));
        c0 = v.fma(((FloatVector) w0.convert(VectorOperators.I2F, 0)).fma(s0, m0), c0);
        w1 = p.lanewise(VectorOperators.LSHR, 28).and(15);
        w1 = w1.or(b1.lanewise(VectorOperators.LSHR, 2).and(48));
        c1 = v.fma(((FloatVector) w1.convert(VectorOperators.I2F, 0)).fma(s1, m1), c1);
        w2 = q.lanewise(VectorOperators.LSHR, 24).and(15);
        w2 = w2.or(b2.lanewise(VectorOperators.LSHR, 2).and(48));
        c2 = v.fma(((FloatVector) w2.convert(VectorOperators.I2F, 0)).fma(s2, m2), c2);
        w3 = q.lanewise(VectorOperators.LSHR, 28).and(15);
        w3 = w3.or(b3.lanewise(VectorOperators.LSHR, 2).and(48));
        c3 = v.fma(((FloatVector) w3.convert(VectorOperators.I2F, 0)).fma(s3, m3), c3);
        b0 = b0.lanewise(VectorOperators.LSHR, 8);
        b1 = b1.lanewise(VectorOperators.LSHR, 8);
        b2 = b2.lanewise(VectorOperators.LSHR, 8);
        b3 = b3.lanewise(VectorOperators.LSHR, 8);
      }
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }
}
