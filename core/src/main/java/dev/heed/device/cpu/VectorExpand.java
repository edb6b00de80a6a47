package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.Memory.plain;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.I;

import dev.heed.tensor.DType;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Values of packed panels to F32 [k][2 vectors], exactly as the formats define them. */
final class VectorExpand {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private VectorExpand() {}

  static void f16(long out, long panel, int k) {
    long from = plain(panel);
    long start = plain(out);
    for (int j = 0; j < k; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, from + (long) j * BYTES, ORDER);
      long to = start + 2L * j * BYTES;
      VectorScales.low(v).intoMemorySegment(ALL, to, ORDER);
      VectorScales.high(v).intoMemorySegment(ALL, to + BYTES, ORDER);
    }
  }

  static void bf16(long out, long panel, int k) {
    long from = plain(panel);
    long start = plain(out);
    for (int j = 0; j < k; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, from + (long) j * BYTES, ORDER);
      long to = start + 2L * j * BYTES;
      v.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(ALL, to, ORDER);
      v.and(0xffff0000).intoMemorySegment(ALL, to + BYTES, ORDER);
    }
  }

  /**
   * Whole blocks, at most {@link PanelSource#DEPTH} elements.
   *
   * @param scratch {@link VectorScales#SIZE} bytes
   */
  static void blocks(DType type, long out, long panel, int k, long scratch) {
    int groups = k / 32;
    long at = panel + PanelLayout.quantVector(type, groups) * (long) BYTES;
    long step = PanelLayout.bitVectors(type) * (long) BYTES;
    VectorScales.expand(type, scratch, panel, groups);
    switch (type) {
      case Q8_0 -> bytes(out, scratch, at, step, groups);
      case Q4_0, Q4_1, Q4_K -> nibbles(out, scratch, at, step, groups);
      case Q5_0, Q5_1, Q5_K -> fiveBits(out, scratch, at, step, groups);
      default -> sixBits(out, scratch, at, step, groups);
    }
  }

  private static void bytes(long out, long scratch, long quants, long step, int groups) {
    for (int g = 0; g < groups; g++) {
      long s = plain(scratch + (long) g * VectorScales.STEP);
      long at = plain(quants + g * step);
      long start = plain(out + 64L * g * BYTES);
      FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, s, ORDER);
      FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER);
      FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, s + 2 * BYTES, ORDER);
      FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, s + 3 * BYTES, ORDER);
      for (int j = 0; j < 8; j++) {
        IntVector v = IntVector.fromMemorySegment(I, ALL, at + 2L * j * BYTES, ORDER);
        IntVector w = IntVector.fromMemorySegment(I, ALL, at + (2L * j + 1) * BYTES, ORDER);
        long to = start + 8L * j * BYTES;
        ((FloatVector) v.and(255).convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to, ORDER);
        ((FloatVector) w.and(255).convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + BYTES, ORDER);
        ((FloatVector) v.lanewise(VectorOperators.LSHR, 8).and(255).convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        ((FloatVector) w.lanewise(VectorOperators.LSHR, 8).and(255).convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
        ((FloatVector)
                v.lanewise(VectorOperators.LSHR, 16).and(255).convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
        ((FloatVector)
                w.lanewise(VectorOperators.LSHR, 16).and(255).convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 5 * BYTES, ORDER);
        ((FloatVector) v.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
        ((FloatVector) w.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 7 * BYTES, ORDER);
      }
    }
  }

  private static void nibbles(long out, long scratch, long quants, long step, int groups) {
    for (int g = 0; g < groups; g++) {
      long s = plain(scratch + (long) g * VectorScales.STEP);
      long at = plain(quants + g * step);
      long start = plain(out + 64L * g * BYTES);
      FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, s, ORDER);
      FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER);
      FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, s + 2 * BYTES, ORDER);
      FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, s + 3 * BYTES, ORDER);
      for (int j = 0; j < 8; j++) {
        IntVector v = IntVector.fromMemorySegment(I, ALL, at + (long) j * BYTES, ORDER);
        long to = start + 8L * j * BYTES;
        ((FloatVector) v.and(15).convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to, ORDER);
        ((FloatVector) v.lanewise(VectorOperators.LSHR, 4).and(15).convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + BYTES, ORDER);
        ((FloatVector) v.lanewise(VectorOperators.LSHR, 8).and(15).convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        ((FloatVector) v.lanewise(VectorOperators.LSHR, 12).and(15).convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
        ((FloatVector) v.lanewise(VectorOperators.LSHR, 16).and(15).convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
        ((FloatVector) v.lanewise(VectorOperators.LSHR, 20).and(15).convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 5 * BYTES, ORDER);
        ((FloatVector) v.lanewise(VectorOperators.LSHR, 24).and(15).convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
        ((FloatVector) v.lanewise(VectorOperators.LSHR, 28).convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 7 * BYTES, ORDER);
      }
    }
  }

  private static void fiveBits(long out, long scratch, long quants, long step, int groups) {
    for (int g = 0; g < groups; g++) {
      long s = plain(scratch + (long) g * VectorScales.STEP);
      long at = plain(quants + g * step);
      long start = plain(out + 64L * g * BYTES);
      FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, s, ORDER);
      FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER);
      FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, s + 2 * BYTES, ORDER);
      FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, s + 3 * BYTES, ORDER);
      IntVector b0 = IntVector.fromMemorySegment(I, ALL, at, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(I, ALL, at + BYTES, ORDER);
      for (int j = 0; j < 8; j++) {
        IntVector v = IntVector.fromMemorySegment(I, ALL, at + (2L + j) * BYTES, ORDER);
        long to = start + 8L * j * BYTES;
        IntVector w0 = v.and(15).or(b0.lanewise(VectorOperators.LSHL, 4).and(16));
        ((FloatVector) w0.convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to, ORDER);
        IntVector w1 =
            v.lanewise(VectorOperators.LSHR, 4)
                .and(15)
                .or(b1.lanewise(VectorOperators.LSHL, 4).and(16));
        ((FloatVector) w1.convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + BYTES, ORDER);
        w0 =
            v.lanewise(VectorOperators.LSHR, 8)
                .and(15)
                .or(b0.lanewise(VectorOperators.LSHL, 3).and(16));
        ((FloatVector) w0.convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        w1 =
            v.lanewise(VectorOperators.LSHR, 12)
                .and(15)
                .or(b1.lanewise(VectorOperators.LSHL, 3).and(16));
        ((FloatVector) w1.convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
        w0 =
            v.lanewise(VectorOperators.LSHR, 16)
                .and(15)
                .or(b0.lanewise(VectorOperators.LSHL, 2).and(16));
        ((FloatVector) w0.convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
        w1 =
            v.lanewise(VectorOperators.LSHR, 20)
                .and(15)
                .or(b1.lanewise(VectorOperators.LSHL, 2).and(16));
        ((FloatVector) w1.convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 5 * BYTES, ORDER);
        w0 =
            v.lanewise(VectorOperators.LSHR, 24)
                .and(15)
                .or(b0.lanewise(VectorOperators.LSHL, 1).and(16));
        ((FloatVector) w0.convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
        w1 =
            v.lanewise(VectorOperators.LSHR, 28)
                .and(15)
                .or(b1.lanewise(VectorOperators.LSHL, 1).and(16));
        ((FloatVector) w1.convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 7 * BYTES, ORDER);
        b0 = b0.lanewise(VectorOperators.LSHR, 4);
        b1 = b1.lanewise(VectorOperators.LSHR, 4);
      }
    }
  }

  /** Groups of 16, so twice as many. */
  private static void sixBits(long out, long scratch, long quants, long step, int groups) {
    for (int g = 0; g < 2 * groups; g++) {
      long s = plain(scratch + (long) g * (VectorScales.STEP / 2));
      long half = g & 1;
      long pairs = plain(quants + (g >> 1) * step + half * 2 * BYTES);
      long at = plain(quants + (g >> 1) * step + (4 + half * 4) * BYTES);
      long start = plain(out + 32L * g * BYTES);
      FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, s, ORDER);
      FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, s + BYTES, ORDER);
      FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, s + 2 * BYTES, ORDER);
      FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, s + 3 * BYTES, ORDER);
      IntVector b0 = IntVector.fromMemorySegment(I, ALL, pairs, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(I, ALL, pairs + BYTES, ORDER);
      for (int j = 0; j < 4; j++) {
        IntVector v = IntVector.fromMemorySegment(I, ALL, at + (long) j * BYTES, ORDER);
        long to = start + 8L * j * BYTES;
        IntVector w0 = v.and(15).or(b0.lanewise(VectorOperators.LSHL, 4).and(48));
        ((FloatVector) w0.convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to, ORDER);
        IntVector w1 =
            v.lanewise(VectorOperators.LSHR, 4)
                .and(15)
                .or(b1.lanewise(VectorOperators.LSHL, 4).and(48));
        ((FloatVector) w1.convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + BYTES, ORDER);
        w0 =
            v.lanewise(VectorOperators.LSHR, 8)
                .and(15)
                .or(b0.lanewise(VectorOperators.LSHL, 2).and(48));
        ((FloatVector) w0.convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        w1 =
            v.lanewise(VectorOperators.LSHR, 12)
                .and(15)
                .or(b1.lanewise(VectorOperators.LSHL, 2).and(48));
        ((FloatVector) w1.convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
        w0 = v.lanewise(VectorOperators.LSHR, 16).and(15).or(b0.and(48));
        ((FloatVector) w0.convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
        w1 = v.lanewise(VectorOperators.LSHR, 20).and(15).or(b1.and(48));
        ((FloatVector) w1.convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 5 * BYTES, ORDER);
        w0 =
            v.lanewise(VectorOperators.LSHR, 24)
                .and(15)
                .or(b0.lanewise(VectorOperators.LSHR, 2).and(48));
        ((FloatVector) w0.convert(VectorOperators.I2F, 0))
            .fma(s0, m0)
            .intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
        w1 =
            v.lanewise(VectorOperators.LSHR, 28)
                .and(15)
                .or(b1.lanewise(VectorOperators.LSHR, 2).and(48));
        ((FloatVector) w1.convert(VectorOperators.I2F, 0))
            .fma(s1, m1)
            .intoMemorySegment(ALL, to + 7 * BYTES, ORDER);
        b0 = b0.lanewise(VectorOperators.LSHR, 8);
        b1 = b1.lanewise(VectorOperators.LSHR, 8);
      }
    }
  }
}
