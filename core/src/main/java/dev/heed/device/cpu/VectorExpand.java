package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.Memory.plain;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.I;

import dev.heed.tensor.DType;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Packed panels to F32 [k][2 vectors]: values of float types, quants of block types. */
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
   * Quants of whole blocks, from 0 on.
   *
   * @param at address of the first group's quants
   */
  static void quants(DType type, long out, long at, int groups) {
    long step = PanelLayout.bitVectors(type) * (long) BYTES;
    switch (type) {
      case Q8_0 -> bytes(out, at, step, groups);
      case Q4_0, Q4_1, Q4_K -> nibbles(out, at, step, groups);
      case Q5_0, Q5_1, Q5_K -> fiveBits(out, at, step, groups);
      default -> sixBits(out, at, step, groups);
    }
  }

  private static void bytes(long out, long quants, long step, int groups) {
    for (int g = 0; g < groups; g++) {
      long at = plain(quants + g * step);
      long start = plain(out + 64L * g * BYTES);
      for (int j = 0; j < 8; j++) {
        long to = start + 8L * j * BYTES;
        IntVector v = IntVector.fromMemorySegment(I, ALL, at + 2L * j * BYTES, ORDER);
        IntVector w = IntVector.fromMemorySegment(I, ALL, at + (2L * j + 1) * BYTES, ORDER);
        v.and(255).convert(VectorOperators.I2F, 0).intoMemorySegment(ALL, to, ORDER);
        w.and(255).convert(VectorOperators.I2F, 0).intoMemorySegment(ALL, to + BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 8)
            .and(255)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        w.lanewise(VectorOperators.LSHR, 8)
            .and(255)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 16)
            .and(255)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
        w.lanewise(VectorOperators.LSHR, 16)
            .and(255)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 5 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 24)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
        w.lanewise(VectorOperators.LSHR, 24)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 7 * BYTES, ORDER);
      }
    }
  }

  private static void nibbles(long out, long quants, long step, int groups) {
    for (int g = 0; g < groups; g++) {
      long at = plain(quants + g * step);
      long start = plain(out + 64L * g * BYTES);
      for (int j = 0; j < 8; j++) {
        long to = start + 8L * j * BYTES;
        IntVector v = IntVector.fromMemorySegment(I, ALL, at + (long) j * BYTES, ORDER);
        v.and(15).convert(VectorOperators.I2F, 0).intoMemorySegment(ALL, to, ORDER);
        v.lanewise(VectorOperators.LSHR, 4)
            .and(15)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 8)
            .and(15)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 12)
            .and(15)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 16)
            .and(15)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 20)
            .and(15)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 5 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 24)
            .and(15)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 28)
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 7 * BYTES, ORDER);
      }
    }
  }

  private static void fiveBits(long out, long quants, long step, int groups) {
    for (int g = 0; g < groups; g++) {
      long at = plain(quants + g * step);
      long start = plain(out + 64L * g * BYTES);
      IntVector a = IntVector.fromMemorySegment(I, ALL, at, ORDER);
      IntVector b = IntVector.fromMemorySegment(I, ALL, at + BYTES, ORDER);
      for (int j = 0; j < 8; j++) {
        long to = start + 8L * j * BYTES;
        IntVector v = IntVector.fromMemorySegment(I, ALL, at + (2L + j) * BYTES, ORDER);
        v.and(15)
            .or(a.lanewise(VectorOperators.LSHL, 4).and(16))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to, ORDER);
        v.lanewise(VectorOperators.LSHR, 4)
            .and(15)
            .or(b.lanewise(VectorOperators.LSHL, 4).and(16))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 8)
            .and(15)
            .or(a.lanewise(VectorOperators.LSHL, 3).and(16))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 12)
            .and(15)
            .or(b.lanewise(VectorOperators.LSHL, 3).and(16))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 16)
            .and(15)
            .or(a.lanewise(VectorOperators.LSHL, 2).and(16))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 20)
            .and(15)
            .or(b.lanewise(VectorOperators.LSHL, 2).and(16))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 5 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 24)
            .and(15)
            .or(a.lanewise(VectorOperators.LSHL, 1).and(16))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 28)
            .and(15)
            .or(b.lanewise(VectorOperators.LSHL, 1).and(16))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 7 * BYTES, ORDER);
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
      long start = plain(out + 32L * g * BYTES);
      IntVector a = IntVector.fromMemorySegment(I, ALL, at, ORDER);
      IntVector b = IntVector.fromMemorySegment(I, ALL, at + BYTES, ORDER);
      a = a.lanewise(VectorOperators.ROL, 4);
      b = b.lanewise(VectorOperators.ROL, 4);
      for (int j = 0; j < 4; j++) {
        long to = start + 8L * j * BYTES;
        IntVector v = IntVector.fromMemorySegment(I, ALL, nibbles + (long) j * BYTES, ORDER);
        v.and(15).or(a.and(48)).convert(VectorOperators.I2F, 0).intoMemorySegment(ALL, to, ORDER);
        v.lanewise(VectorOperators.LSHR, 4)
            .and(15)
            .or(b.and(48))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 8)
            .and(15)
            .or(a.lanewise(VectorOperators.LSHR, 8).and(48))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 12)
            .and(15)
            .or(b.lanewise(VectorOperators.LSHR, 8).and(48))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 16)
            .and(15)
            .or(a.lanewise(VectorOperators.LSHR, 16).and(48))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 20)
            .and(15)
            .or(b.lanewise(VectorOperators.LSHR, 16).and(48))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 5 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 24)
            .and(15)
            .or(a.lanewise(VectorOperators.LSHR, 24).and(48))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
        v.lanewise(VectorOperators.LSHR, 28)
            .and(15)
            .or(b.lanewise(VectorOperators.LSHR, 24).and(48))
            .convert(VectorOperators.I2F, 0)
            .intoMemorySegment(ALL, to + 7 * BYTES, ORDER);
        a = a.lanewise(VectorOperators.ROR, 2);
        b = b.lanewise(VectorOperators.ROR, 2);
      }
    }
  }
}
