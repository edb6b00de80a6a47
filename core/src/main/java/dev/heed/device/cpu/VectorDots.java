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

/**
 * One row of x times two packed panels of a float type, straight from memory: the terms of {@link
 * VectorTiles} in the same order. Two panels make four independent chains of sums.
 */
final class VectorDots {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private VectorDots() {}

  /**
   * c[2 vectors] and d[2 vectors] = x times panels as and bs.
   *
   * @param xs F32 [k]
   */
  static void f32(long c, long d, long xs, long as, long bs, int k) {
    long x = plain(xs);
    long a = plain(as);
    long b = plain(bs);
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (int i = 0; i < k; i++) {
      long o = 2L * i * BYTES;
      FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 4L * i));
      c0 = v.fma(FloatVector.fromMemorySegment(F, ALL, a + o, ORDER), c0);
      c1 = v.fma(FloatVector.fromMemorySegment(F, ALL, a + o + BYTES, ORDER), c1);
      c2 = v.fma(FloatVector.fromMemorySegment(F, ALL, b + o, ORDER), c2);
      c3 = v.fma(FloatVector.fromMemorySegment(F, ALL, b + o + BYTES, ORDER), c3);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  /** The same of F16. */
  static void f16(long c, long d, long xs, long as, long bs, int k) {
    long x = plain(xs);
    long a = plain(as);
    long b = plain(bs);
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (int i = 0; i < k; i++) {
      FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 4L * i));
      IntVector p = IntVector.fromMemorySegment(I, ALL, a + (long) i * BYTES, ORDER);
      IntVector q = IntVector.fromMemorySegment(I, ALL, b + (long) i * BYTES, ORDER);
      c0 = v.fma(VectorScales.low(p), c0);
      c1 = v.fma(VectorScales.high(p), c1);
      c2 = v.fma(VectorScales.low(q), c2);
      c3 = v.fma(VectorScales.high(q), c3);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  /** The same of BF16. */
  static void bf16(long c, long d, long xs, long as, long bs, int k) {
    long x = plain(xs);
    long a = plain(as);
    long b = plain(bs);
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (int i = 0; i < k; i++) {
      FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x + 4L * i));
      IntVector p = IntVector.fromMemorySegment(I, ALL, a + (long) i * BYTES, ORDER);
      IntVector q = IntVector.fromMemorySegment(I, ALL, b + (long) i * BYTES, ORDER);
      c0 = v.fma(p.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c0);
      c1 = v.fma(p.and(0xffff0000).reinterpretAsFloats(), c1);
      c2 = v.fma(q.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c2);
      c3 = v.fma(q.and(0xffff0000).reinterpretAsFloats(), c3);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }
}
