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
 *
 * <p>Loops end with {@code !=} at an address: the compiler does not count such a loop, so it does
 * not unroll it. Unrolled eight times, a panel's lines are loaded last one first, which the
 * processor's prefetching takes badly, and most vectors go through the stack. There are no helper
 * methods: in a caller into which these loops are inlined the helpers would stay calls, with
 * vectors as objects.
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
    long end = xs + 4L * k;
    long a = as;
    long b = bs;
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (long x = xs; x != end; x += 4, a += 2 * BYTES, b += 2 * BYTES) {
      FloatVector v = FloatVector.broadcast(F, ALL.get(F32, plain(x)));
      c0 = v.fma(FloatVector.fromMemorySegment(F, ALL, plain(a), ORDER), c0);
      c1 = v.fma(FloatVector.fromMemorySegment(F, ALL, plain(a) + BYTES, ORDER), c1);
      c2 = v.fma(FloatVector.fromMemorySegment(F, ALL, plain(b), ORDER), c2);
      c3 = v.fma(FloatVector.fromMemorySegment(F, ALL, plain(b) + BYTES, ORDER), c3);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  /** The same of F16. */
  static void f16(long c, long d, long xs, long as, long bs, int k) {
    long end = xs + 4L * k;
    long a = as;
    long b = bs;
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (long x = xs; x != end; x += 4, a += BYTES, b += BYTES) {
      FloatVector v = FloatVector.broadcast(F, ALL.get(F32, plain(x)));
      IntVector p = IntVector.fromMemorySegment(I, ALL, plain(a), ORDER);
      IntVector q = IntVector.fromMemorySegment(I, ALL, plain(b), ORDER);
      IntVector pl = p.lanewise(VectorOperators.LSHL, 16);
      c0 =
          v.fma(
              pl.lanewise(VectorOperators.ASHR, 3)
                  .and(VectorScales.F16_BITS)
                  .reinterpretAsFloats()
                  .mul(VectorScales.REBIAS),
              c0);
      c1 =
          v.fma(
              p.lanewise(VectorOperators.ASHR, 3)
                  .and(VectorScales.F16_BITS)
                  .reinterpretAsFloats()
                  .mul(VectorScales.REBIAS),
              c1);
      IntVector ql = q.lanewise(VectorOperators.LSHL, 16);
      c2 =
          v.fma(
              ql.lanewise(VectorOperators.ASHR, 3)
                  .and(VectorScales.F16_BITS)
                  .reinterpretAsFloats()
                  .mul(VectorScales.REBIAS),
              c2);
      c3 =
          v.fma(
              q.lanewise(VectorOperators.ASHR, 3)
                  .and(VectorScales.F16_BITS)
                  .reinterpretAsFloats()
                  .mul(VectorScales.REBIAS),
              c3);
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + BYTES, ORDER);
    c2.intoMemorySegment(ALL, d, ORDER);
    c3.intoMemorySegment(ALL, d + BYTES, ORDER);
  }

  /** The same of BF16. */
  static void bf16(long c, long d, long xs, long as, long bs, int k) {
    long end = xs + 4L * k;
    long a = as;
    long b = bs;
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (long x = xs; x != end; x += 4, a += BYTES, b += BYTES) {
      FloatVector v = FloatVector.broadcast(F, ALL.get(F32, plain(x)));
      IntVector p = IntVector.fromMemorySegment(I, ALL, plain(a), ORDER);
      IntVector q = IntVector.fromMemorySegment(I, ALL, plain(b), ORDER);
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
