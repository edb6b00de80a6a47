package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.I;
import static dev.heed.device.cpu.VectorScales.number;

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
   * Whole blocks, at most {@link PanelSource#DEPTH} elements.
   *
   * @param scratch {@link VectorScales#SIZE} bytes
   */
  static void blocks(DType type, long out, long panel, int k, long scratch) {
    int groups = k / 32;
    VectorScales.expand(type, scratch, panel, groups);
    for (int g = 0; g < groups; g++) {
      long at = panel + PanelLayout.groupVector(type, g) * (long) BYTES;
      long to = out + 64L * g * BYTES;
      long scales = scratch + (long) g * VectorScales.STEP;
      switch (type) {
        case Q8_0 -> bytes(to, scales, at);
        case Q4_0, Q4_1, Q4_K -> nibbles(to, scales, at);
        case Q5_0, Q5_1, Q5_K -> fiveBits(to, scales, at);
        default -> {
          sixBits(to, scales, at, at + 4 * BYTES);
          sixBits(to + 32L * BYTES, scales + 4 * BYTES, at + 2 * BYTES, at + 8 * BYTES);
        }
      }
    }
  }

  private static void bytes(long out, long scales, long at) {
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    for (int j = 0; j < 8; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, at + 2L * j * BYTES, ORDER);
      IntVector w = IntVector.fromMemorySegment(I, ALL, at + (2L * j + 1) * BYTES, ORDER);
      for (int i = 0; i < 4; i++) {
        long to = out + (8L * j + 2 * i) * BYTES;
        number(v.and(255)).fma(s0, m0).intoMemorySegment(ALL, to, ORDER);
        number(w.and(255)).fma(s1, m1).intoMemorySegment(ALL, to + BYTES, ORDER);
        v = v.lanewise(VectorOperators.LSHR, 8);
        w = w.lanewise(VectorOperators.LSHR, 8);
      }
    }
  }

  private static void nibbles(long out, long scales, long at) {
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    for (int j = 0; j < 8; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, at + (long) j * BYTES, ORDER);
      for (int i = 0; i < 4; i++) {
        long to = out + (8L * j + 2 * i) * BYTES;
        IntVector w = v.lanewise(VectorOperators.LSHR, 4).and(15);
        number(v.and(15)).fma(s0, m0).intoMemorySegment(ALL, to, ORDER);
        number(w).fma(s1, m1).intoMemorySegment(ALL, to + BYTES, ORDER);
        v = v.lanewise(VectorOperators.LSHR, 8);
      }
    }
  }

  private static void fiveBits(long out, long scales, long at) {
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    IntVector b0 = IntVector.fromMemorySegment(I, ALL, at, ORDER);
    IntVector b1 = IntVector.fromMemorySegment(I, ALL, at + BYTES, ORDER);
    for (int j = 0; j < 8; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, at + (2L + j) * BYTES, ORDER);
      for (int i = 0; i < 4; i++) {
        long to = out + (8L * j + 2 * i) * BYTES;
        IntVector low = v.and(15).or(b0.lanewise(VectorOperators.LSHL, 4).and(16));
        IntVector high = v.lanewise(VectorOperators.LSHR, 4).and(15);
        high = high.or(b1.lanewise(VectorOperators.LSHL, 4).and(16));
        number(low).fma(s0, m0).intoMemorySegment(ALL, to, ORDER);
        number(high).fma(s1, m1).intoMemorySegment(ALL, to + BYTES, ORDER);
        v = v.lanewise(VectorOperators.LSHR, 8);
        b0 = b0.lanewise(VectorOperators.LSHR, 1);
        b1 = b1.lanewise(VectorOperators.LSHR, 1);
      }
    }
  }

  /** 16 elements of k. */
  private static void sixBits(long out, long scales, long pairs, long at) {
    FloatVector s0 = FloatVector.fromMemorySegment(F, ALL, scales, ORDER);
    FloatVector s1 = FloatVector.fromMemorySegment(F, ALL, scales + BYTES, ORDER);
    FloatVector m0 = FloatVector.fromMemorySegment(F, ALL, scales + 2 * BYTES, ORDER);
    FloatVector m1 = FloatVector.fromMemorySegment(F, ALL, scales + 3 * BYTES, ORDER);
    IntVector b0 = IntVector.fromMemorySegment(I, ALL, pairs, ORDER);
    IntVector b1 = IntVector.fromMemorySegment(I, ALL, pairs + BYTES, ORDER);
    for (int j = 0; j < 4; j++) {
      IntVector v = IntVector.fromMemorySegment(I, ALL, at + (long) j * BYTES, ORDER);
      for (int i = 0; i < 4; i++) {
        long to = out + (8L * j + 2 * i) * BYTES;
        IntVector low = v.and(15).or(b0.lanewise(VectorOperators.LSHL, 4).and(48));
        IntVector high = v.lanewise(VectorOperators.LSHR, 4).and(15);
        high = high.or(b1.lanewise(VectorOperators.LSHL, 4).and(48));
        number(low).fma(s0, m0).intoMemorySegment(ALL, to, ORDER);
        number(high).fma(s1, m1).intoMemorySegment(ALL, to + BYTES, ORDER);
        v = v.lanewise(VectorOperators.LSHR, 8);
        b0 = b0.lanewise(VectorOperators.LSHR, 2);
        b1 = b1.lanewise(VectorOperators.LSHR, 2);
      }
    }
  }
}
