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
 * Register tiles over blocks: {@code c[rows][2 vectors] += x[rows][k] * panel[k][2 vectors]}, where
 * the panel is given as quants [k][2 vectors] and a scale [2 vectors] for each group of {@code
 * size} elements, starts [rows] for each group: the sum over a group's quants stands in registers
 * beside c. Memory is accessed without helper methods, as in {@link VectorTiles}. The inner loop
 * ends with {@code !=} at an address, so that the compiler neither unrolls it nor puts loops before
 * and behind it for the turns that are left: with only {@code size} turns these would cost a tenth.
 */
final class VectorBlockTiles {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private VectorBlockTiles() {}

  /** 6 rows of x. */
  static void rows6(
      long sums,
      long x,
      long stride,
      long starts,
      long startStride,
      long quants,
      long scales,
      int groups,
      int size) {
    long c = plain(sums);
    long x0 = x;
    long x1 = x0 + stride;
    long x2 = x1 + stride;
    long x3 = x2 + stride;
    long x4 = x3 + stride;
    long x5 = x4 + stride;
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
    long t0 = plain(starts);
    long t1 = plain(t0 + startStride);
    long t2 = plain(t1 + startStride);
    long t3 = plain(t2 + startStride);
    long t4 = plain(t3 + startStride);
    long t5 = plain(t4 + startStride);
    for (int g = 0; g < groups; g++) {
      long w = quants + (long) g * size * (2 * BYTES);
      long from = 4L * g * size;
      long end = 4L * (g + 1) * size;
      FloatVector s0a = FloatVector.broadcast(F, ALL.get(F32, t0 + 4L * g));
      FloatVector s0b = s0a;
      FloatVector s1a = FloatVector.broadcast(F, ALL.get(F32, t1 + 4L * g));
      FloatVector s1b = s1a;
      FloatVector s2a = FloatVector.broadcast(F, ALL.get(F32, t2 + 4L * g));
      FloatVector s2b = s2a;
      FloatVector s3a = FloatVector.broadcast(F, ALL.get(F32, t3 + 4L * g));
      FloatVector s3b = s3a;
      FloatVector s4a = FloatVector.broadcast(F, ALL.get(F32, t4 + 4L * g));
      FloatVector s4b = s4a;
      FloatVector s5a = FloatVector.broadcast(F, ALL.get(F32, t5 + 4L * g));
      FloatVector s5b = s5a;
      for (long o = from; o != end; o += 4, w += 2 * BYTES) {
        FloatVector a = fromMemorySegment(F, ALL, plain(w), ORDER);
        FloatVector b = fromMemorySegment(F, ALL, plain(w) + BYTES, ORDER);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, plain(x0 + o)));
        s0a = v.fma(a, s0a);
        s0b = v.fma(b, s0b);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x1 + o)));
        s1a = v.fma(a, s1a);
        s1b = v.fma(b, s1b);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x2 + o)));
        s2a = v.fma(a, s2a);
        s2b = v.fma(b, s2b);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x3 + o)));
        s3a = v.fma(a, s3a);
        s3b = v.fma(b, s3b);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x4 + o)));
        s4a = v.fma(a, s4a);
        s4b = v.fma(b, s4b);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x5 + o)));
        s5a = v.fma(a, s5a);
        s5b = v.fma(b, s5b);
      }
      long s = plain(scales + 2L * g * BYTES);
      FloatVector sa = fromMemorySegment(F, ALL, s, ORDER);
      FloatVector sb = fromMemorySegment(F, ALL, s + BYTES, ORDER);
      c0a = s0a.fma(sa, c0a);
      c0b = s0b.fma(sb, c0b);
      c1a = s1a.fma(sa, c1a);
      c1b = s1b.fma(sb, c1b);
      c2a = s2a.fma(sa, c2a);
      c2b = s2b.fma(sb, c2b);
      c3a = s3a.fma(sa, c3a);
      c3b = s3b.fma(sb, c3b);
      c4a = s4a.fma(sa, c4a);
      c4b = s4b.fma(sb, c4b);
      c5a = s5a.fma(sa, c5a);
      c5b = s5b.fma(sb, c5b);
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
  }

  /** 4 rows of x. */
  static void rows4(
      long sums,
      long x,
      long stride,
      long starts,
      long startStride,
      long quants,
      long scales,
      int groups,
      int size) {
    long c = plain(sums);
    long x0 = x;
    long x1 = x0 + stride;
    long x2 = x1 + stride;
    long x3 = x2 + stride;
    FloatVector c0a = fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c0b = fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c1a = fromMemorySegment(F, ALL, c + 2 * BYTES, ORDER);
    FloatVector c1b = fromMemorySegment(F, ALL, c + 3 * BYTES, ORDER);
    FloatVector c2a = fromMemorySegment(F, ALL, c + 4 * BYTES, ORDER);
    FloatVector c2b = fromMemorySegment(F, ALL, c + 5 * BYTES, ORDER);
    FloatVector c3a = fromMemorySegment(F, ALL, c + 6 * BYTES, ORDER);
    FloatVector c3b = fromMemorySegment(F, ALL, c + 7 * BYTES, ORDER);
    long t0 = plain(starts);
    long t1 = plain(t0 + startStride);
    long t2 = plain(t1 + startStride);
    long t3 = plain(t2 + startStride);
    for (int g = 0; g < groups; g++) {
      long w = quants + (long) g * size * (2 * BYTES);
      long from = 4L * g * size;
      long end = 4L * (g + 1) * size;
      FloatVector s0a = FloatVector.broadcast(F, ALL.get(F32, t0 + 4L * g));
      FloatVector s0b = s0a;
      FloatVector s1a = FloatVector.broadcast(F, ALL.get(F32, t1 + 4L * g));
      FloatVector s1b = s1a;
      FloatVector s2a = FloatVector.broadcast(F, ALL.get(F32, t2 + 4L * g));
      FloatVector s2b = s2a;
      FloatVector s3a = FloatVector.broadcast(F, ALL.get(F32, t3 + 4L * g));
      FloatVector s3b = s3a;
      for (long o = from; o != end; o += 4, w += 2 * BYTES) {
        FloatVector a = fromMemorySegment(F, ALL, plain(w), ORDER);
        FloatVector b = fromMemorySegment(F, ALL, plain(w) + BYTES, ORDER);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, plain(x0 + o)));
        s0a = v.fma(a, s0a);
        s0b = v.fma(b, s0b);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x1 + o)));
        s1a = v.fma(a, s1a);
        s1b = v.fma(b, s1b);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x2 + o)));
        s2a = v.fma(a, s2a);
        s2b = v.fma(b, s2b);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x3 + o)));
        s3a = v.fma(a, s3a);
        s3b = v.fma(b, s3b);
      }
      long s = plain(scales + 2L * g * BYTES);
      FloatVector sa = fromMemorySegment(F, ALL, s, ORDER);
      FloatVector sb = fromMemorySegment(F, ALL, s + BYTES, ORDER);
      c0a = s0a.fma(sa, c0a);
      c0b = s0b.fma(sb, c0b);
      c1a = s1a.fma(sa, c1a);
      c1b = s1b.fma(sb, c1b);
      c2a = s2a.fma(sa, c2a);
      c2b = s2b.fma(sb, c2b);
      c3a = s3a.fma(sa, c3a);
      c3b = s3b.fma(sb, c3b);
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
  static void rows2(
      long sums,
      long x,
      long stride,
      long starts,
      long startStride,
      long quants,
      long scales,
      int groups,
      int size) {
    long c = plain(sums);
    long x0 = x;
    long x1 = x0 + stride;
    FloatVector c0a = fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c0b = fromMemorySegment(F, ALL, c + BYTES, ORDER);
    FloatVector c1a = fromMemorySegment(F, ALL, c + 2 * BYTES, ORDER);
    FloatVector c1b = fromMemorySegment(F, ALL, c + 3 * BYTES, ORDER);
    long t0 = plain(starts);
    long t1 = plain(t0 + startStride);
    for (int g = 0; g < groups; g++) {
      long w = quants + (long) g * size * (2 * BYTES);
      long from = 4L * g * size;
      long end = 4L * (g + 1) * size;
      FloatVector s0a = FloatVector.broadcast(F, ALL.get(F32, t0 + 4L * g));
      FloatVector s0b = s0a;
      FloatVector s1a = FloatVector.broadcast(F, ALL.get(F32, t1 + 4L * g));
      FloatVector s1b = s1a;
      for (long o = from; o != end; o += 4, w += 2 * BYTES) {
        FloatVector a = fromMemorySegment(F, ALL, plain(w), ORDER);
        FloatVector b = fromMemorySegment(F, ALL, plain(w) + BYTES, ORDER);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, plain(x0 + o)));
        s0a = v.fma(a, s0a);
        s0b = v.fma(b, s0b);
        v = FloatVector.broadcast(F, ALL.get(F32, plain(x1 + o)));
        s1a = v.fma(a, s1a);
        s1b = v.fma(b, s1b);
      }
      long s = plain(scales + 2L * g * BYTES);
      FloatVector sa = fromMemorySegment(F, ALL, s, ORDER);
      FloatVector sb = fromMemorySegment(F, ALL, s + BYTES, ORDER);
      c0a = s0a.fma(sa, c0a);
      c0b = s0b.fma(sb, c0b);
      c1a = s1a.fma(sa, c1a);
      c1b = s1b.fma(sb, c1b);
    }
    c0a.intoMemorySegment(ALL, c, ORDER);
    c0b.intoMemorySegment(ALL, c + BYTES, ORDER);
    c1a.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
    c1b.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
  }

  /** One row of x. */
  static void rows1(
      long sums, long x, long starts, long quants, long scales, int groups, int size) {
    long c = plain(sums);
    long x0 = x;
    FloatVector c0a = fromMemorySegment(F, ALL, c, ORDER);
    FloatVector c0b = fromMemorySegment(F, ALL, c + BYTES, ORDER);
    long t0 = plain(starts);
    for (int g = 0; g < groups; g++) {
      long w = quants + (long) g * size * (2 * BYTES);
      long from = 4L * g * size;
      long end = 4L * (g + 1) * size;
      FloatVector s0a = FloatVector.broadcast(F, ALL.get(F32, t0 + 4L * g));
      FloatVector s0b = s0a;
      for (long o = from; o != end; o += 4, w += 2 * BYTES) {
        FloatVector a = fromMemorySegment(F, ALL, plain(w), ORDER);
        FloatVector b = fromMemorySegment(F, ALL, plain(w) + BYTES, ORDER);
        FloatVector v = FloatVector.broadcast(F, ALL.get(F32, plain(x0 + o)));
        s0a = v.fma(a, s0a);
        s0b = v.fma(b, s0b);
      }
      long s = plain(scales + 2L * g * BYTES);
      FloatVector sa = fromMemorySegment(F, ALL, s, ORDER);
      FloatVector sb = fromMemorySegment(F, ALL, s + BYTES, ORDER);
      c0a = s0a.fma(sa, c0a);
      c0b = s0b.fma(sb, c0b);
    }
    c0a.intoMemorySegment(ALL, c, ORDER);
    c0b.intoMemorySegment(ALL, c + BYTES, ORDER);
  }
}
