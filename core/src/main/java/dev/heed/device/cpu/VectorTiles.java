package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.Memory.plain;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/**
 * Register tiles: {@code c[rows][2 vectors] += x[rows][k] * panel[k][2 vectors]} with all of c in
 * registers. Memory is accessed without helper methods on purpose: in a method of this size the
 * compiler stops inlining them, and every vector becomes an object.
 */
final class VectorTiles {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private VectorTiles() {}

  /** 8 rows of x. */
  static void rows8(long sums, long x, long stride, long panel, int k) {
    long c = plain(sums);
    long x0 = plain(x);
    FloatVector c0a = fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c0b = fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c1a = fromMemorySegment(F, ALL, c + 2 * BYTES, ORDER);
    FloatVector c1b = fromMemorySegment(F, ALL, c + 3 * BYTES, ORDER);
    FloatVector c2a = fromMemorySegment(F, ALL, c + 4 * BYTES, ORDER);
    FloatVector c2b = fromMemorySegment(F, ALL, c + 5 * BYTES, ORDER);
    FloatVector c3a = fromMemorySegment(F, ALL, c + 6 * BYTES, ORDER);
    FloatVector c3b = fromMemorySegment(F, ALL, c + 7 * BYTES, ORDER);
    FloatVector c4a = fromMemorySegment(F, ALL, c + 8 * BYTES, ORDER);
    FloatVector c4b = fromMemorySegment(F, ALL, c + 9 * BYTES, ORDER);
    FloatVector c5a = fromMemorySegment(F, ALL, c + 10 * BYTES, ORDER);
    FloatVector c5b = fromMemorySegment(F, ALL, c + 11 * BYTES, ORDER);
    FloatVector c6a = fromMemorySegment(F, ALL, c + 12 * BYTES, ORDER);
    FloatVector c6b = fromMemorySegment(F, ALL, c + 13 * BYTES, ORDER);
    FloatVector c7a = fromMemorySegment(F, ALL, c + 14 * BYTES, ORDER);
    FloatVector c7b = fromMemorySegment(F, ALL, c + 15 * BYTES, ORDER);
    long x1 = plain(x0 + stride);
    long x2 = plain(x1 + stride);
    long x3 = plain(x2 + stride);
    long x4 = plain(x3 + stride);
    long x5 = plain(x4 + stride);
    long x6 = plain(x5 + stride);
    long x7 = plain(x6 + stride);
    long b0 = plain(panel);
    for (int i = 0; i < k; i++) {
      long w = b0 + (long) i * (2 * BYTES);
      FloatVector a = fromMemorySegment(F, ALL, w, ORDER);
      FloatVector b = fromMemorySegment(F, ALL, w + BYTES, ORDER);
      long o = 4L * i;
      FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x0 + o));
      c0a = v.fma(a, c0a);
      c0b = v.fma(b, c0b);
      v = FloatVector.broadcast(F, ALL.get(F32, x1 + o));
      c1a = v.fma(a, c1a);
      c1b = v.fma(b, c1b);
      v = FloatVector.broadcast(F, ALL.get(F32, x2 + o));
      c2a = v.fma(a, c2a);
      c2b = v.fma(b, c2b);
      v = FloatVector.broadcast(F, ALL.get(F32, x3 + o));
      c3a = v.fma(a, c3a);
      c3b = v.fma(b, c3b);
      v = FloatVector.broadcast(F, ALL.get(F32, x4 + o));
      c4a = v.fma(a, c4a);
      c4b = v.fma(b, c4b);
      v = FloatVector.broadcast(F, ALL.get(F32, x5 + o));
      c5a = v.fma(a, c5a);
      c5b = v.fma(b, c5b);
      v = FloatVector.broadcast(F, ALL.get(F32, x6 + o));
      c6a = v.fma(a, c6a);
      c6b = v.fma(b, c6b);
      v = FloatVector.broadcast(F, ALL.get(F32, x7 + o));
      c7a = v.fma(a, c7a);
      c7b = v.fma(b, c7b);
    }
    c0a.intoMemorySegment(ALL, c, ORDER);
    c0b.intoMemorySegment(ALL, c + BYTES, ORDER);
    c1a.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
    c1b.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
    c2a.intoMemorySegment(ALL, c + 4 * BYTES, ORDER);
    c2b.intoMemorySegment(ALL, c + 5 * BYTES, ORDER);
    c3a.intoMemorySegment(ALL, c + 6 * BYTES, ORDER);
    c3b.intoMemorySegment(ALL, c + 7 * BYTES, ORDER);
    c4a.intoMemorySegment(ALL, c + 8 * BYTES, ORDER);
    c4b.intoMemorySegment(ALL, c + 9 * BYTES, ORDER);
    c5a.intoMemorySegment(ALL, c + 10 * BYTES, ORDER);
    c5b.intoMemorySegment(ALL, c + 11 * BYTES, ORDER);
    c6a.intoMemorySegment(ALL, c + 12 * BYTES, ORDER);
    c6b.intoMemorySegment(ALL, c + 13 * BYTES, ORDER);
    c7a.intoMemorySegment(ALL, c + 14 * BYTES, ORDER);
    c7b.intoMemorySegment(ALL, c + 15 * BYTES, ORDER);
  }

  /** 4 rows of x. */
  static void rows4(long sums, long x, long stride, long panel, int k) {
    long c = plain(sums);
    long x0 = plain(x);
    FloatVector c0a = fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c0b = fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c1a = fromMemorySegment(F, ALL, c + 2 * BYTES, ORDER);
    FloatVector c1b = fromMemorySegment(F, ALL, c + 3 * BYTES, ORDER);
    FloatVector c2a = fromMemorySegment(F, ALL, c + 4 * BYTES, ORDER);
    FloatVector c2b = fromMemorySegment(F, ALL, c + 5 * BYTES, ORDER);
    FloatVector c3a = fromMemorySegment(F, ALL, c + 6 * BYTES, ORDER);
    FloatVector c3b = fromMemorySegment(F, ALL, c + 7 * BYTES, ORDER);
    long x1 = plain(x0 + stride);
    long x2 = plain(x1 + stride);
    long x3 = plain(x2 + stride);
    long b0 = plain(panel);
    for (int i = 0; i < k; i++) {
      long w = b0 + (long) i * (2 * BYTES);
      FloatVector a = fromMemorySegment(F, ALL, w, ORDER);
      FloatVector b = fromMemorySegment(F, ALL, w + BYTES, ORDER);
      long o = 4L * i;
      FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x0 + o));
      c0a = v.fma(a, c0a);
      c0b = v.fma(b, c0b);
      v = FloatVector.broadcast(F, ALL.get(F32, x1 + o));
      c1a = v.fma(a, c1a);
      c1b = v.fma(b, c1b);
      v = FloatVector.broadcast(F, ALL.get(F32, x2 + o));
      c2a = v.fma(a, c2a);
      c2b = v.fma(b, c2b);
      v = FloatVector.broadcast(F, ALL.get(F32, x3 + o));
      c3a = v.fma(a, c3a);
      c3b = v.fma(b, c3b);
    }
    c0a.intoMemorySegment(ALL, c, ORDER);
    c0b.intoMemorySegment(ALL, c + BYTES, ORDER);
    c1a.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
    c1b.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
    c2a.intoMemorySegment(ALL, c + 4 * BYTES, ORDER);
    c2b.intoMemorySegment(ALL, c + 5 * BYTES, ORDER);
    c3a.intoMemorySegment(ALL, c + 6 * BYTES, ORDER);
    c3b.intoMemorySegment(ALL, c + 7 * BYTES, ORDER);
  }

  /** 2 rows of x. */
  static void rows2(long sums, long x, long stride, long panel, int k) {
    long c = plain(sums);
    long x0 = plain(x);
    FloatVector c0a = fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c0b = fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c1a = fromMemorySegment(F, ALL, c + 2 * BYTES, ORDER);
    FloatVector c1b = fromMemorySegment(F, ALL, c + 3 * BYTES, ORDER);
    long x1 = plain(x0 + stride);
    long b0 = plain(panel);
    for (int i = 0; i < k; i++) {
      long w = b0 + (long) i * (2 * BYTES);
      FloatVector a = fromMemorySegment(F, ALL, w, ORDER);
      FloatVector b = fromMemorySegment(F, ALL, w + BYTES, ORDER);
      long o = 4L * i;
      FloatVector v = FloatVector.broadcast(F, ALL.get(F32, x0 + o));
      c0a = v.fma(a, c0a);
      c0b = v.fma(b, c0b);
      v = FloatVector.broadcast(F, ALL.get(F32, x1 + o));
      c1a = v.fma(a, c1a);
      c1b = v.fma(b, c1b);
    }
    c0a.intoMemorySegment(ALL, c, ORDER);
    c0b.intoMemorySegment(ALL, c + BYTES, ORDER);
    c1a.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
    c1b.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
  }

  /** One row of x. */
  static void rows1(long sums, long x, long panel, int k) {
    long c = plain(sums);
    FloatVector c0a = fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c0b = fromMemorySegment(F, ALL, c + BYTES, ORDER);
    long w = panel;
    long end = x + 4L * k;
    for (long at = x; at != end; at += 4, w += 2 * BYTES) {
      FloatVector a = fromMemorySegment(F, ALL, plain(w), ORDER);
      FloatVector b = fromMemorySegment(F, ALL, plain(w) + BYTES, ORDER);
      FloatVector v = FloatVector.broadcast(F, ALL.get(F32, plain(at)));
      c0a = v.fma(a, c0a);
      c0b = v.fma(b, c0b);
    }
    c0a.intoMemorySegment(ALL, c, ORDER);
    c0b.intoMemorySegment(ALL, c + BYTES, ORDER);
  }
}
