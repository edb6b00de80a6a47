package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
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
    for (int j = 0; j < k; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, panel + (long) j * BYTES, ORDER);
      long to = out + 2L * j * BYTES;
      VectorScales.low(v).intoMemorySegment(ALL, to, ORDER);
      VectorScales.high(v).intoMemorySegment(ALL, to + BYTES, ORDER);
    }
  }

  static void bf16(long out, long panel, int k) {
    for (int j = 0; j < k; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, panel + (long) j * BYTES, ORDER);
      long to = out + 2L * j * BYTES;
      v.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(ALL, to, ORDER);
      v.and(0xffff0000).intoMemorySegment(ALL, to + BYTES, ORDER);
    }
  }

  /**
   * Whole blocks.
   *
   * @param scales {@link VectorScales#SIZE} bytes of scratch
   */
  static void blocks(DType type, long out, long panel, int k, long scales) {
    int head = PanelLayout.headVectors(type) * BYTES;
    int inner = PanelLayout.scaleVectors(type) * BYTES;
    int bits = PanelLayout.bitVectors(type) * BYTES;
    long at = panel;
    for (int j = 0; j < k; j += type.blockSize()) {
      long block = at;
      at += head;
      for (int g = 0; g < type.blockSize(); g += 32) {
        VectorScales.group(type, scales, block, at);
        at += inner;
        group(type, out + 2L * (j + g) * BYTES, scales, at);
        at += bits;
      }
    }
  }

  private static void group(DType type, long out, long scales, long at) {
    switch (type) {
      case Q8_0 -> bytes(out, scales, at);
      case Q4_0, Q4_1, Q4_K -> nibbles(out, scales, at);
      case Q5_0, Q5_1, Q5_K -> fiveBits(out, scales, at);
      case Q6_K -> {
        sixBits(out, scales, at, at + 4 * BYTES);
        sixBits(out + 32L * BYTES, scales + 4 * BYTES, at + 2 * BYTES, at + 8 * BYTES);
      }
      default -> throw new IllegalArgumentException("no blocks of " + type);
    }
  }

  private static void bytes(long out, long scales, long at) {
    for (int high = 0; high < 2; high++) {
      FloatVector s = FloatVector.fromMemorySegment(F, ALL, scales + high * BYTES, ORDER);
      FloatVector m = FloatVector.fromMemorySegment(F, ALL, scales + (2 + high) * BYTES, ORDER);
      for (int j = 0; j < 8; j++) {
        long from = at + (2L * j + high) * BYTES;
        long to = out + (8L * j + high) * BYTES;
        IntVector v = IntVector.fromMemorySegment(I, ALL, from, ORDER);
        IntVector v0 = v.lanewise(VectorOperators.LSHL, 15);
        IntVector v1 = v.lanewise(VectorOperators.LSHL, 7);
        IntVector v2 = v.lanewise(VectorOperators.LSHR, 1);
        IntVector v3 = v.lanewise(VectorOperators.LSHR, 9);
        above256(v0).fma(s, m).intoMemorySegment(ALL, to, ORDER);
        above256(v1).fma(s, m).intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
        above256(v2).fma(s, m).intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
        above256(v3).fma(s, m).intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
      }
    }
  }

  /** 256 + b for a byte b in the highest places of the fraction. */
  static FloatVector above256(IntVector v) {
    return v.and(0x007f8000).or(0x43800000).reinterpretAsFloats();
  }

  private static void nibbles(long out, long scales, long at) {
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    for (int j = 0; j < 8; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, at + (long) j * BYTES, ORDER);
      long to = out + 8L * j * BYTES;
      for (int i = 0; i < 4; i++) {
        FloatVector a = number(v.and(15));
        FloatVector b = number(v.lanewise(VectorOperators.LSHR, 4).and(15));
        a.fma(s0, m0).intoMemorySegment(ALL, to + 2L * i * BYTES, ORDER);
        b.fma(s1, m1).intoMemorySegment(ALL, to + (2L * i + 1) * BYTES, ORDER);
        v = v.lanewise(VectorOperators.LSHR, 8);
      }
    }
  }

  private static void fiveBits(long out, long scales, long at) {
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    IntVector p0 = IntVector.fromMemorySegment(I, ALL, at, ORDER);
    IntVector p1 = IntVector.fromMemorySegment(I, ALL, at + BYTES, ORDER);
    for (int j = 0; j < 8; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, at + (2L + j) * BYTES, ORDER);
      long to = out + 8L * j * BYTES;
      for (int i = 0; i < 4; i++) {
        IntVector low = v.and(15).or(p0.lanewise(VectorOperators.LSHL, 4).and(16));
        IntVector high = v.lanewise(VectorOperators.LSHR, 4).and(15);
        high = high.or(p1.lanewise(VectorOperators.LSHL, 4).and(16));
        number(low).fma(s0, m0).intoMemorySegment(ALL, to + 2L * i * BYTES, ORDER);
        number(high).fma(s1, m1).intoMemorySegment(ALL, to + (2L * i + 1) * BYTES, ORDER);
        v = v.lanewise(VectorOperators.LSHR, 8);
        p0 = p0.lanewise(VectorOperators.LSHR, 1);
        p1 = p1.lanewise(VectorOperators.LSHR, 1);
      }
    }
  }

  /** 16 elements of k. */
  private static void sixBits(long out, long scales, long pairs, long at) {
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    IntVector p0 = IntVector.fromMemorySegment(I, ALL, pairs, ORDER);
    IntVector p1 = IntVector.fromMemorySegment(I, ALL, pairs + BYTES, ORDER);
    for (int j = 0; j < 4; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, at + (long) j * BYTES, ORDER);
      long to = out + 8L * j * BYTES;
      for (int i = 0; i < 4; i++) {
        IntVector low = v.and(15).or(p0.lanewise(VectorOperators.LSHL, 4).and(48));
        IntVector high = v.lanewise(VectorOperators.LSHR, 4).and(15);
        high = high.or(p1.lanewise(VectorOperators.LSHL, 4).and(48));
        number(low).fma(s0, m0).intoMemorySegment(ALL, to + 2L * i * BYTES, ORDER);
        number(high).fma(s1, m1).intoMemorySegment(ALL, to + (2L * i + 1) * BYTES, ORDER);
        v = v.lanewise(VectorOperators.LSHR, 8);
        p0 = p0.lanewise(VectorOperators.LSHR, 2);
        p1 = p1.lanewise(VectorOperators.LSHR, 2);
      }
    }
  }

  static FloatVector number(IntVector v) {
    return (FloatVector) v.convert(VectorOperators.I2F, 0);
  }
}
