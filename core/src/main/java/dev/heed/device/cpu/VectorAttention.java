package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.LANES;
import static dev.heed.device.cpu.VectorMath.load;
import static dev.heed.device.cpu.VectorMath.store;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Register tiles: 8 x 2 vectors where there are 32 registers, 4 x 2 where there are 16. */
final class VectorAttention implements AttentionMath {
  private static final boolean MANY_REGISTERS = BYTES >= 64;

  // The tiles call the Vector API directly: helpers between are not inlined into methods this big.
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  // Arrays of a tile's state behind m, in bytes.
  private static final int LARGEST = 4 * BYTES;
  private static final int SUM = 6 * BYTES;

  @Override
  public int lanes() {
    return LANES;
  }

  @Override
  public int columns() {
    return 2 * LANES;
  }

  @Override
  public void scores(
      long s, long q, long k, long kStride, int keys, int rows, int width, int size) {
    boolean pair = width > LANES;
    int j = 0;
    while (j < keys) {
      long to = s + 4L * j * width;
      long from = k + j * kStride;
      int last = keys - 1 - j;
      if (pair && (!MANY_REGISTERS || last < 4)) {
        scores4x2(to, q, from, kStride, last, size);
        j += 4;
      } else if (pair) {
        scores8x2(to, q, from, kStride, last, size);
        j += 8;
      } else {
        scores8x1(to, q, from, kStride, last, size);
        j += 8;
      }
    }
  }

  private static void scores8x2(long s, long q, long k, long stride, int last, int size) {
    FloatVector zero = FloatVector.zero(F);
    long k1 = k + Math.min(1, last) * stride;
    long k2 = k + Math.min(2, last) * stride;
    long k3 = k + Math.min(3, last) * stride;
    long k4 = k + Math.min(4, last) * stride;
    long k5 = k + Math.min(5, last) * stride;
    long k6 = k + Math.min(6, last) * stride;
    long k7 = k + Math.min(7, last) * stride;
    FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
    FloatVector a4 = zero, a5 = zero, a6 = zero, a7 = zero;
    FloatVector b0 = zero, b1 = zero, b2 = zero, b3 = zero;
    FloatVector b4 = zero, b5 = zero, b6 = zero, b7 = zero;
    for (int d = 0; d < size; d++) {
      long at = 4L * d;
      FloatVector qa = FloatVector.fromMemorySegment(F, ALL, q + at * 2 * LANES, ORDER);
      FloatVector qb = FloatVector.fromMemorySegment(F, ALL, q + at * 2 * LANES + BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, ALL.get(F32, k + at));
      a0 = qa.fma(x, a0);
      b0 = qb.fma(x, b0);
      x = FloatVector.broadcast(F, ALL.get(F32, k1 + at));
      a1 = qa.fma(x, a1);
      b1 = qb.fma(x, b1);
      x = FloatVector.broadcast(F, ALL.get(F32, k2 + at));
      a2 = qa.fma(x, a2);
      b2 = qb.fma(x, b2);
      x = FloatVector.broadcast(F, ALL.get(F32, k3 + at));
      a3 = qa.fma(x, a3);
      b3 = qb.fma(x, b3);
      x = FloatVector.broadcast(F, ALL.get(F32, k4 + at));
      a4 = qa.fma(x, a4);
      b4 = qb.fma(x, b4);
      x = FloatVector.broadcast(F, ALL.get(F32, k5 + at));
      a5 = qa.fma(x, a5);
      b5 = qb.fma(x, b5);
      x = FloatVector.broadcast(F, ALL.get(F32, k6 + at));
      a6 = qa.fma(x, a6);
      b6 = qb.fma(x, b6);
      x = FloatVector.broadcast(F, ALL.get(F32, k7 + at));
      a7 = qa.fma(x, a7);
      b7 = qb.fma(x, b7);
    }
    a0.intoMemorySegment(ALL, s, ORDER);
    b0.intoMemorySegment(ALL, s + 1 * BYTES, ORDER);
    a1.intoMemorySegment(ALL, s + 2 * BYTES, ORDER);
    b1.intoMemorySegment(ALL, s + 3 * BYTES, ORDER);
    a2.intoMemorySegment(ALL, s + 4 * BYTES, ORDER);
    b2.intoMemorySegment(ALL, s + 5 * BYTES, ORDER);
    a3.intoMemorySegment(ALL, s + 6 * BYTES, ORDER);
    b3.intoMemorySegment(ALL, s + 7 * BYTES, ORDER);
    a4.intoMemorySegment(ALL, s + 8 * BYTES, ORDER);
    b4.intoMemorySegment(ALL, s + 9 * BYTES, ORDER);
    a5.intoMemorySegment(ALL, s + 10 * BYTES, ORDER);
    b5.intoMemorySegment(ALL, s + 11 * BYTES, ORDER);
    a6.intoMemorySegment(ALL, s + 12 * BYTES, ORDER);
    b6.intoMemorySegment(ALL, s + 13 * BYTES, ORDER);
    a7.intoMemorySegment(ALL, s + 14 * BYTES, ORDER);
    b7.intoMemorySegment(ALL, s + 15 * BYTES, ORDER);
  }

  private static void scores4x2(long s, long q, long k, long stride, int last, int size) {
    FloatVector zero = FloatVector.zero(F);
    long k1 = k + Math.min(1, last) * stride;
    long k2 = k + Math.min(2, last) * stride;
    long k3 = k + Math.min(3, last) * stride;
    FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
    FloatVector b0 = zero, b1 = zero, b2 = zero, b3 = zero;
    for (int d = 0; d < size; d++) {
      long at = 4L * d;
      FloatVector qa = FloatVector.fromMemorySegment(F, ALL, q + at * 2 * LANES, ORDER);
      FloatVector qb = FloatVector.fromMemorySegment(F, ALL, q + at * 2 * LANES + BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, ALL.get(F32, k + at));
      a0 = qa.fma(x, a0);
      b0 = qb.fma(x, b0);
      x = FloatVector.broadcast(F, ALL.get(F32, k1 + at));
      a1 = qa.fma(x, a1);
      b1 = qb.fma(x, b1);
      x = FloatVector.broadcast(F, ALL.get(F32, k2 + at));
      a2 = qa.fma(x, a2);
      b2 = qb.fma(x, b2);
      x = FloatVector.broadcast(F, ALL.get(F32, k3 + at));
      a3 = qa.fma(x, a3);
      b3 = qb.fma(x, b3);
    }
    a0.intoMemorySegment(ALL, s, ORDER);
    b0.intoMemorySegment(ALL, s + 1 * BYTES, ORDER);
    a1.intoMemorySegment(ALL, s + 2 * BYTES, ORDER);
    b1.intoMemorySegment(ALL, s + 3 * BYTES, ORDER);
    a2.intoMemorySegment(ALL, s + 4 * BYTES, ORDER);
    b2.intoMemorySegment(ALL, s + 5 * BYTES, ORDER);
    a3.intoMemorySegment(ALL, s + 6 * BYTES, ORDER);
    b3.intoMemorySegment(ALL, s + 7 * BYTES, ORDER);
  }

  private static void scores8x1(long s, long q, long k, long stride, int last, int size) {
    FloatVector zero = FloatVector.zero(F);
    long k1 = k + Math.min(1, last) * stride;
    long k2 = k + Math.min(2, last) * stride;
    long k3 = k + Math.min(3, last) * stride;
    long k4 = k + Math.min(4, last) * stride;
    long k5 = k + Math.min(5, last) * stride;
    long k6 = k + Math.min(6, last) * stride;
    long k7 = k + Math.min(7, last) * stride;
    FloatVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
    FloatVector a4 = zero, a5 = zero, a6 = zero, a7 = zero;
    for (int d = 0; d < size; d++) {
      long at = 4L * d;
      FloatVector qa = FloatVector.fromMemorySegment(F, ALL, q + at * 1 * LANES, ORDER);
      FloatVector x = FloatVector.broadcast(F, ALL.get(F32, k + at));
      a0 = qa.fma(x, a0);
      x = FloatVector.broadcast(F, ALL.get(F32, k1 + at));
      a1 = qa.fma(x, a1);
      x = FloatVector.broadcast(F, ALL.get(F32, k2 + at));
      a2 = qa.fma(x, a2);
      x = FloatVector.broadcast(F, ALL.get(F32, k3 + at));
      a3 = qa.fma(x, a3);
      x = FloatVector.broadcast(F, ALL.get(F32, k4 + at));
      a4 = qa.fma(x, a4);
      x = FloatVector.broadcast(F, ALL.get(F32, k5 + at));
      a5 = qa.fma(x, a5);
      x = FloatVector.broadcast(F, ALL.get(F32, k6 + at));
      a6 = qa.fma(x, a6);
      x = FloatVector.broadcast(F, ALL.get(F32, k7 + at));
      a7 = qa.fma(x, a7);
    }
    a0.intoMemorySegment(ALL, s, ORDER);
    a1.intoMemorySegment(ALL, s + 1 * BYTES, ORDER);
    a2.intoMemorySegment(ALL, s + 2 * BYTES, ORDER);
    a3.intoMemorySegment(ALL, s + 3 * BYTES, ORDER);
    a4.intoMemorySegment(ALL, s + 4 * BYTES, ORDER);
    a5.intoMemorySegment(ALL, s + 5 * BYTES, ORDER);
    a6.intoMemorySegment(ALL, s + 6 * BYTES, ORDER);
    a7.intoMemorySegment(ALL, s + 7 * BYTES, ORDER);
  }

  @Override
  public void softmax(long s, long state, int keys, int rows, int width) {
    for (int v = 0; v < width; v += LANES) {
      long own = state + 4L * v;
      largest(s + 4L * v, 4L * width, own, keys);
      exponents(s + 4L * v, 4L * width, own, keys);
    }
  }

  // Methods of few vector operations each: the compiler stops inlining them in larger ones.

  private static void largest(long s, long stride, long state, int keys) {
    FloatVector most = load(state);
    for (int j = 0; j < keys; j++) {
      most = VectorMath.max(most, load(s + j * stride));
    }
    store(most, state + LARGEST);
    // A query that has seen nothing yet shifts by 0: its scores of -inf give 0.
    store(most.blend(0f, most.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY)), state + SUM);
  }

  private static void exponents(long s, long stride, long state, int keys) {
    FloatVector shift = load(state + SUM);
    FloatVector sum = FloatVector.zero(F);
    for (int j = 0; j < keys; j++) {
      FloatVector e = VectorMath.expNegative(load(s + j * stride).sub(shift));
      store(e, s + j * stride);
      sum = sum.add(e);
    }
    store(sum, state + SUM);
  }

  @Override
  public void weigh(
      long o, long p, long v, long vStride, int keys, int rows, int width, int columns) {
    long pStride = 4L * width;
    for (int c = 0; c < columns; c += 2 * LANES) {
      long at = v + 4L * c;
      int i = 0;
      while (i < rows) {
        long to = o + 4L * ((long) i * columns + c);
        long from = p + 4L * i;
        if (rows == 1) {
          weigh1x2(to, 0, from, pStride, at, vStride, keys);
          i += 1;
        } else if (!MANY_REGISTERS || rows - i <= 4) {
          weigh4x2(to, 4L * columns, from, pStride, at, vStride, keys);
          i += 4;
        } else {
          weigh8x2(to, 4L * columns, from, pStride, at, vStride, keys);
          i += 8;
        }
      }
    }
  }

  private static void weigh8x2(
      long o, long stride, long p, long pStride, long v, long vStride, int keys) {
    long o1 = o + 1 * stride;
    long o2 = o + 2 * stride;
    long o3 = o + 3 * stride;
    long o4 = o + 4 * stride;
    long o5 = o + 5 * stride;
    long o6 = o + 6 * stride;
    long o7 = o + 7 * stride;
    FloatVector a0 = FloatVector.fromMemorySegment(F, ALL, o, ORDER);
    FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, o + BYTES, ORDER);
    FloatVector a1 = FloatVector.fromMemorySegment(F, ALL, o1, ORDER);
    FloatVector b1 = FloatVector.fromMemorySegment(F, ALL, o1 + BYTES, ORDER);
    FloatVector a2 = FloatVector.fromMemorySegment(F, ALL, o2, ORDER);
    FloatVector b2 = FloatVector.fromMemorySegment(F, ALL, o2 + BYTES, ORDER);
    FloatVector a3 = FloatVector.fromMemorySegment(F, ALL, o3, ORDER);
    FloatVector b3 = FloatVector.fromMemorySegment(F, ALL, o3 + BYTES, ORDER);
    FloatVector a4 = FloatVector.fromMemorySegment(F, ALL, o4, ORDER);
    FloatVector b4 = FloatVector.fromMemorySegment(F, ALL, o4 + BYTES, ORDER);
    FloatVector a5 = FloatVector.fromMemorySegment(F, ALL, o5, ORDER);
    FloatVector b5 = FloatVector.fromMemorySegment(F, ALL, o5 + BYTES, ORDER);
    FloatVector a6 = FloatVector.fromMemorySegment(F, ALL, o6, ORDER);
    FloatVector b6 = FloatVector.fromMemorySegment(F, ALL, o6 + BYTES, ORDER);
    FloatVector a7 = FloatVector.fromMemorySegment(F, ALL, o7, ORDER);
    FloatVector b7 = FloatVector.fromMemorySegment(F, ALL, o7 + BYTES, ORDER);
    for (int j = 0; j < keys; j++) {
      long at = p + j * pStride;
      FloatVector va = FloatVector.fromMemorySegment(F, ALL, v + j * vStride, ORDER);
      FloatVector vb = FloatVector.fromMemorySegment(F, ALL, v + j * vStride + BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, ALL.get(F32, at));
      a0 = va.fma(x, a0);
      b0 = vb.fma(x, b0);
      x = FloatVector.broadcast(F, ALL.get(F32, at + 4));
      a1 = va.fma(x, a1);
      b1 = vb.fma(x, b1);
      x = FloatVector.broadcast(F, ALL.get(F32, at + 8));
      a2 = va.fma(x, a2);
      b2 = vb.fma(x, b2);
      x = FloatVector.broadcast(F, ALL.get(F32, at + 12));
      a3 = va.fma(x, a3);
      b3 = vb.fma(x, b3);
      x = FloatVector.broadcast(F, ALL.get(F32, at + 16));
      a4 = va.fma(x, a4);
      b4 = vb.fma(x, b4);
      x = FloatVector.broadcast(F, ALL.get(F32, at + 20));
      a5 = va.fma(x, a5);
      b5 = vb.fma(x, b5);
      x = FloatVector.broadcast(F, ALL.get(F32, at + 24));
      a6 = va.fma(x, a6);
      b6 = vb.fma(x, b6);
      x = FloatVector.broadcast(F, ALL.get(F32, at + 28));
      a7 = va.fma(x, a7);
      b7 = vb.fma(x, b7);
    }
    a0.intoMemorySegment(ALL, o, ORDER);
    b0.intoMemorySegment(ALL, o + BYTES, ORDER);
    a1.intoMemorySegment(ALL, o1, ORDER);
    b1.intoMemorySegment(ALL, o1 + BYTES, ORDER);
    a2.intoMemorySegment(ALL, o2, ORDER);
    b2.intoMemorySegment(ALL, o2 + BYTES, ORDER);
    a3.intoMemorySegment(ALL, o3, ORDER);
    b3.intoMemorySegment(ALL, o3 + BYTES, ORDER);
    a4.intoMemorySegment(ALL, o4, ORDER);
    b4.intoMemorySegment(ALL, o4 + BYTES, ORDER);
    a5.intoMemorySegment(ALL, o5, ORDER);
    b5.intoMemorySegment(ALL, o5 + BYTES, ORDER);
    a6.intoMemorySegment(ALL, o6, ORDER);
    b6.intoMemorySegment(ALL, o6 + BYTES, ORDER);
    a7.intoMemorySegment(ALL, o7, ORDER);
    b7.intoMemorySegment(ALL, o7 + BYTES, ORDER);
  }

  private static void weigh4x2(
      long o, long stride, long p, long pStride, long v, long vStride, int keys) {
    long o1 = o + 1 * stride;
    long o2 = o + 2 * stride;
    long o3 = o + 3 * stride;
    FloatVector a0 = FloatVector.fromMemorySegment(F, ALL, o, ORDER);
    FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, o + BYTES, ORDER);
    FloatVector a1 = FloatVector.fromMemorySegment(F, ALL, o1, ORDER);
    FloatVector b1 = FloatVector.fromMemorySegment(F, ALL, o1 + BYTES, ORDER);
    FloatVector a2 = FloatVector.fromMemorySegment(F, ALL, o2, ORDER);
    FloatVector b2 = FloatVector.fromMemorySegment(F, ALL, o2 + BYTES, ORDER);
    FloatVector a3 = FloatVector.fromMemorySegment(F, ALL, o3, ORDER);
    FloatVector b3 = FloatVector.fromMemorySegment(F, ALL, o3 + BYTES, ORDER);
    for (int j = 0; j < keys; j++) {
      long at = p + j * pStride;
      FloatVector va = FloatVector.fromMemorySegment(F, ALL, v + j * vStride, ORDER);
      FloatVector vb = FloatVector.fromMemorySegment(F, ALL, v + j * vStride + BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, ALL.get(F32, at));
      a0 = va.fma(x, a0);
      b0 = vb.fma(x, b0);
      x = FloatVector.broadcast(F, ALL.get(F32, at + 4));
      a1 = va.fma(x, a1);
      b1 = vb.fma(x, b1);
      x = FloatVector.broadcast(F, ALL.get(F32, at + 8));
      a2 = va.fma(x, a2);
      b2 = vb.fma(x, b2);
      x = FloatVector.broadcast(F, ALL.get(F32, at + 12));
      a3 = va.fma(x, a3);
      b3 = vb.fma(x, b3);
    }
    a0.intoMemorySegment(ALL, o, ORDER);
    b0.intoMemorySegment(ALL, o + BYTES, ORDER);
    a1.intoMemorySegment(ALL, o1, ORDER);
    b1.intoMemorySegment(ALL, o1 + BYTES, ORDER);
    a2.intoMemorySegment(ALL, o2, ORDER);
    b2.intoMemorySegment(ALL, o2 + BYTES, ORDER);
    a3.intoMemorySegment(ALL, o3, ORDER);
    b3.intoMemorySegment(ALL, o3 + BYTES, ORDER);
  }

  private static void weigh1x2(
      long o, long stride, long p, long pStride, long v, long vStride, int keys) {
    FloatVector a0 = FloatVector.fromMemorySegment(F, ALL, o, ORDER);
    FloatVector b0 = FloatVector.fromMemorySegment(F, ALL, o + BYTES, ORDER);
    for (int j = 0; j < keys; j++) {
      long at = p + j * pStride;
      FloatVector va = FloatVector.fromMemorySegment(F, ALL, v + j * vStride, ORDER);
      FloatVector vb = FloatVector.fromMemorySegment(F, ALL, v + j * vStride + BYTES, ORDER);
      FloatVector x = FloatVector.broadcast(F, ALL.get(F32, at));
      a0 = va.fma(x, a0);
      b0 = vb.fma(x, b0);
    }
    a0.intoMemorySegment(ALL, o, ORDER);
    b0.intoMemorySegment(ALL, o + BYTES, ORDER);
  }
}
