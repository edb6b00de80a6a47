package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.Memory.plain;
import static dev.heed.device.cpu.VectorBlockDots.NUMBER;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.I;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** The loops of {@link VectorBlockDots} over quants of more than four bits. */
final class VectorBitDots {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** The low nibbles of an int. */
  private static final int LOW = 0x0f0f0f0f;

  /** The pairs of bits above them. */
  private static final int PAIRS = 0x30303030;

  private VectorBitDots() {}

  /** Chunks of 5-bit quants: nibbles and planes of one bit. */
  static void fiveBits(
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
      IntVector h0 = IntVector.fromMemorySegment(I, ALL, a, ORDER);
      IntVector h1 = IntVector.fromMemorySegment(I, ALL, a + BYTES, ORDER);
      IntVector h2 = IntVector.fromMemorySegment(I, ALL, b, ORDER);
      IntVector h3 = IntVector.fromMemorySegment(I, ALL, b + BYTES, ORDER);
      for (int j = 0; j < 8; j++) {
        IntVector w0 = IntVector.fromMemorySegment(I, ALL, a + (2L + j) * BYTES, ORDER);
        IntVector w2 = IntVector.fromMemorySegment(I, ALL, b + (2L + j) * BYTES, ORDER);
        IntVector w1 = w0.lanewise(VectorOperators.LSHR, 4);
        IntVector w3 = w2.lanewise(VectorOperators.LSHR, 4);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j));
        s0 =
            v.fma(
                w0.and(0xf).or(h0.lanewise(VectorOperators.LSHL, 4).and(0x10)).convert(NUMBER, 0),
                s0);
        s1 =
            v.fma(
                w1.and(0xf).or(h1.lanewise(VectorOperators.LSHL, 4).and(0x10)).convert(NUMBER, 0),
                s1);
        s2 =
            v.fma(
                w2.and(0xf).or(h2.lanewise(VectorOperators.LSHL, 4).and(0x10)).convert(NUMBER, 0),
                s2);
        s3 =
            v.fma(
                w3.and(0xf).or(h3.lanewise(VectorOperators.LSHL, 4).and(0x10)).convert(NUMBER, 0),
                s3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4));
        s0 =
            v.fma(
                w0.and(0xf00)
                    .or(h0.lanewise(VectorOperators.LSHL, 11).and(0x1000))
                    .convert(NUMBER, 0),
                s0);
        s1 =
            v.fma(
                w1.and(0xf00)
                    .or(h1.lanewise(VectorOperators.LSHL, 11).and(0x1000))
                    .convert(NUMBER, 0),
                s1);
        s2 =
            v.fma(
                w2.and(0xf00)
                    .or(h2.lanewise(VectorOperators.LSHL, 11).and(0x1000))
                    .convert(NUMBER, 0),
                s2);
        s3 =
            v.fma(
                w3.and(0xf00)
                    .or(h3.lanewise(VectorOperators.LSHL, 11).and(0x1000))
                    .convert(NUMBER, 0),
                s3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 8));
        s0 =
            v.fma(
                w0.and(0xf0000)
                    .or(h0.lanewise(VectorOperators.LSHL, 18).and(0x100000))
                    .convert(NUMBER, 0),
                s0);
        s1 =
            v.fma(
                w1.and(0xf0000)
                    .or(h1.lanewise(VectorOperators.LSHL, 18).and(0x100000))
                    .convert(NUMBER, 0),
                s1);
        s2 =
            v.fma(
                w2.and(0xf0000)
                    .or(h2.lanewise(VectorOperators.LSHL, 18).and(0x100000))
                    .convert(NUMBER, 0),
                s2);
        s3 =
            v.fma(
                w3.and(0xf0000)
                    .or(h3.lanewise(VectorOperators.LSHL, 18).and(0x100000))
                    .convert(NUMBER, 0),
                s3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 12));
        s0 =
            v.fma(
                w0.and(0xf000000)
                    .or(h0.lanewise(VectorOperators.LSHL, 25).and(0x10000000))
                    .lanewise(VectorOperators.LSHR, 24)
                    .convert(NUMBER, 0),
                s0);
        s1 =
            v.fma(
                w1.and(0xf000000)
                    .or(h1.lanewise(VectorOperators.LSHL, 25).and(0x10000000))
                    .lanewise(VectorOperators.LSHR, 24)
                    .convert(NUMBER, 0),
                s1);
        s2 =
            v.fma(
                w2.and(0xf000000)
                    .or(h2.lanewise(VectorOperators.LSHL, 25).and(0x10000000))
                    .lanewise(VectorOperators.LSHR, 24)
                    .convert(NUMBER, 0),
                s2);
        s3 =
            v.fma(
                w3.and(0xf000000)
                    .or(h3.lanewise(VectorOperators.LSHL, 25).and(0x10000000))
                    .lanewise(VectorOperators.LSHR, 24)
                    .convert(NUMBER, 0),
                s3);
        h0 = h0.lanewise(VectorOperators.LSHR, 4);
        h1 = h1.lanewise(VectorOperators.LSHR, 4);
        h2 = h2.lanewise(VectorOperators.LSHR, 4);
        h3 = h3.lanewise(VectorOperators.LSHR, 4);
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

  /** Chunks of 6-bit quants: nibbles and planes of two bits; scales for each 16. */
  static void sixBits(
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
    for (int g = 0; g < 2 * groups; g++) {
      long s = plain(scales + 2L * g * BYTES);
      long x = plain(xs + 64L * g);
      int half = g & 1;
      long group = (g >> 1) * step;
      long a = plain(as + group + half * 2L * BYTES);
      long b = plain(bs + group + half * 2L * BYTES);
      long a4 = plain(as + group + (4 + half * 4L) * BYTES);
      long b4 = plain(bs + group + (4 + half * 4L) * BYTES);
      FloatVector s0 = FloatVector.broadcast(F, down * ALL.get(F32, starts + 4L * g));
      FloatVector s1 = s0;
      FloatVector s2 = s0;
      FloatVector s3 = s1;
      IntVector h0 = IntVector.fromMemorySegment(I, ALL, a, ORDER);
      h0 = h0.lanewise(VectorOperators.ROL, 4);
      IntVector h1 = IntVector.fromMemorySegment(I, ALL, a + BYTES, ORDER);
      h1 = h1.lanewise(VectorOperators.ROL, 4);
      IntVector h2 = IntVector.fromMemorySegment(I, ALL, b, ORDER);
      h2 = h2.lanewise(VectorOperators.ROL, 4);
      IntVector h3 = IntVector.fromMemorySegment(I, ALL, b + BYTES, ORDER);
      h3 = h3.lanewise(VectorOperators.ROL, 4);
      for (int j = 0; j < 4; j++) {
        IntVector w1 = IntVector.fromMemorySegment(I, ALL, a4 + (long) j * BYTES, ORDER);
        IntVector w3 = IntVector.fromMemorySegment(I, ALL, b4 + (long) j * BYTES, ORDER);
        IntVector w0 = w1.and(LOW).or(h0.and(PAIRS));
        IntVector w2 = w3.and(LOW).or(h2.and(PAIRS));
        w1 = w1.lanewise(VectorOperators.LSHR, 4).and(LOW).or(h1.and(PAIRS));
        w3 = w3.lanewise(VectorOperators.LSHR, 4).and(LOW).or(h3.and(PAIRS));
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j));
        s0 = v.fma(w0.and(0x3f).convert(NUMBER, 0), s0);
        s1 = v.fma(w1.and(0x3f).convert(NUMBER, 0), s1);
        s2 = v.fma(w2.and(0x3f).convert(NUMBER, 0), s2);
        s3 = v.fma(w3.and(0x3f).convert(NUMBER, 0), s3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 4));
        s0 = v.fma(w0.and(0x3f00).convert(NUMBER, 0), s0);
        s1 = v.fma(w1.and(0x3f00).convert(NUMBER, 0), s1);
        s2 = v.fma(w2.and(0x3f00).convert(NUMBER, 0), s2);
        s3 = v.fma(w3.and(0x3f00).convert(NUMBER, 0), s3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 8));
        s0 = v.fma(w0.and(0x3f0000).convert(NUMBER, 0), s0);
        s1 = v.fma(w1.and(0x3f0000).convert(NUMBER, 0), s1);
        s2 = v.fma(w2.and(0x3f0000).convert(NUMBER, 0), s2);
        s3 = v.fma(w3.and(0x3f0000).convert(NUMBER, 0), s3);
        v = FloatVector.broadcast(F, ALL.get(F32, x + 16L * j + 12));
        s0 = v.fma(w0.lanewise(VectorOperators.LSHR, 24).convert(NUMBER, 0), s0);
        s1 = v.fma(w1.lanewise(VectorOperators.LSHR, 24).convert(NUMBER, 0), s1);
        s2 = v.fma(w2.lanewise(VectorOperators.LSHR, 24).convert(NUMBER, 0), s2);
        s3 = v.fma(w3.lanewise(VectorOperators.LSHR, 24).convert(NUMBER, 0), s3);
        h0 = h0.lanewise(VectorOperators.ROR, 2);
        h1 = h1.lanewise(VectorOperators.ROR, 2);
        h2 = h2.lanewise(VectorOperators.ROR, 2);
        h3 = h3.lanewise(VectorOperators.ROR, 2);
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
