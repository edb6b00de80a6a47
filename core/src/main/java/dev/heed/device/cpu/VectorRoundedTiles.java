package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.Memory.plain;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.I;
import static dev.heed.device.cpu.VectorRounded.S;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/**
 * Register tiles of sums of 16 bits over one group: {@code out[rows][2 vectors] = starts[rows] +
 * pairs[rows][size / 2] * quants[size / 2][2 vectors]}. A lane of 32 bits is a row of the weight;
 * its low half adds up what pairs have in their low half, its high half the others. See {@link
 * RoundedOperand} for x. Loops and memory are as in {@link VectorBlockTiles}.
 *
 * <p>One multiplication and one addition are 32 terms in vectors of 512 bits, where F32 has 16: a
 * Zen 4 starts one such multiplication a cycle, as it does a fused multiply-add of floats.
 */
final class VectorRoundedTiles {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;

  private VectorRoundedTiles() {}

  /** 8 rows of x. */
  static void rows8(long out, long x, long stride, long starts, long quants, int size) {
    long x1 = x + stride;
    long x2 = x1 + stride;
    long x3 = x2 + stride;
    long x4 = x3 + stride;
    long x5 = x4 + stride;
    long x6 = x5 + stride;
    long x7 = x6 + stride;
    ShortVector s0a = IntVector.broadcast(I, ALL.get(I32, plain(starts))).reinterpretAsShorts();
    ShortVector s0b = s0a;
    ShortVector s1a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + stride))).reinterpretAsShorts();
    ShortVector s1b = s1a;
    ShortVector s2a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + 2 * stride))).reinterpretAsShorts();
    ShortVector s2b = s2a;
    ShortVector s3a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + 3 * stride))).reinterpretAsShorts();
    ShortVector s3b = s3a;
    ShortVector s4a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + 4 * stride))).reinterpretAsShorts();
    ShortVector s4b = s4a;
    ShortVector s5a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + 5 * stride))).reinterpretAsShorts();
    ShortVector s5b = s5a;
    ShortVector s6a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + 6 * stride))).reinterpretAsShorts();
    ShortVector s6b = s6a;
    ShortVector s7a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + 7 * stride))).reinterpretAsShorts();
    ShortVector s7b = s7a;
    long end = 2L * size;
    long w = quants;
    for (long o = 0; o != end; o += 4, w += 2 * BYTES) {
      ShortVector a = ShortVector.fromMemorySegment(S, ALL, plain(w), ORDER);
      ShortVector b = ShortVector.fromMemorySegment(S, ALL, plain(w) + BYTES, ORDER);
      ShortVector v = IntVector.broadcast(I, ALL.get(I32, plain(x + o))).reinterpretAsShorts();
      s0a = s0a.add(v.mul(a));
      s0b = s0b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x1 + o))).reinterpretAsShorts();
      s1a = s1a.add(v.mul(a));
      s1b = s1b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x2 + o))).reinterpretAsShorts();
      s2a = s2a.add(v.mul(a));
      s2b = s2b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x3 + o))).reinterpretAsShorts();
      s3a = s3a.add(v.mul(a));
      s3b = s3b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x4 + o))).reinterpretAsShorts();
      s4a = s4a.add(v.mul(a));
      s4b = s4b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x5 + o))).reinterpretAsShorts();
      s5a = s5a.add(v.mul(a));
      s5b = s5b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x6 + o))).reinterpretAsShorts();
      s6a = s6a.add(v.mul(a));
      s6b = s6b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x7 + o))).reinterpretAsShorts();
      s7a = s7a.add(v.mul(a));
      s7b = s7b.add(v.mul(b));
    }
    long to = plain(out);
    s0a.intoMemorySegment(ALL, to, ORDER);
    s0b.intoMemorySegment(ALL, to + BYTES, ORDER);
    s1a.intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s1b.intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
    s2a.intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
    s2b.intoMemorySegment(ALL, to + 5 * BYTES, ORDER);
    s3a.intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
    s3b.intoMemorySegment(ALL, to + 7 * BYTES, ORDER);
    s4a.intoMemorySegment(ALL, to + 8 * BYTES, ORDER);
    s4b.intoMemorySegment(ALL, to + 9 * BYTES, ORDER);
    s5a.intoMemorySegment(ALL, to + 10 * BYTES, ORDER);
    s5b.intoMemorySegment(ALL, to + 11 * BYTES, ORDER);
    s6a.intoMemorySegment(ALL, to + 12 * BYTES, ORDER);
    s6b.intoMemorySegment(ALL, to + 13 * BYTES, ORDER);
    s7a.intoMemorySegment(ALL, to + 14 * BYTES, ORDER);
    s7b.intoMemorySegment(ALL, to + 15 * BYTES, ORDER);
  }

  /** 4 rows of x. */
  static void rows4(long out, long x, long stride, long starts, long quants, int size) {
    long x1 = x + stride;
    long x2 = x1 + stride;
    long x3 = x2 + stride;
    ShortVector s0a = IntVector.broadcast(I, ALL.get(I32, plain(starts))).reinterpretAsShorts();
    ShortVector s0b = s0a;
    ShortVector s1a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + stride))).reinterpretAsShorts();
    ShortVector s1b = s1a;
    ShortVector s2a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + 2 * stride))).reinterpretAsShorts();
    ShortVector s2b = s2a;
    ShortVector s3a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + 3 * stride))).reinterpretAsShorts();
    ShortVector s3b = s3a;
    long end = 2L * size;
    long w = quants;
    for (long o = 0; o != end; o += 4, w += 2 * BYTES) {
      ShortVector a = ShortVector.fromMemorySegment(S, ALL, plain(w), ORDER);
      ShortVector b = ShortVector.fromMemorySegment(S, ALL, plain(w) + BYTES, ORDER);
      ShortVector v = IntVector.broadcast(I, ALL.get(I32, plain(x + o))).reinterpretAsShorts();
      s0a = s0a.add(v.mul(a));
      s0b = s0b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x1 + o))).reinterpretAsShorts();
      s1a = s1a.add(v.mul(a));
      s1b = s1b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x2 + o))).reinterpretAsShorts();
      s2a = s2a.add(v.mul(a));
      s2b = s2b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x3 + o))).reinterpretAsShorts();
      s3a = s3a.add(v.mul(a));
      s3b = s3b.add(v.mul(b));
    }
    long to = plain(out);
    s0a.intoMemorySegment(ALL, to, ORDER);
    s0b.intoMemorySegment(ALL, to + BYTES, ORDER);
    s1a.intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s1b.intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
    s2a.intoMemorySegment(ALL, to + 4 * BYTES, ORDER);
    s2b.intoMemorySegment(ALL, to + 5 * BYTES, ORDER);
    s3a.intoMemorySegment(ALL, to + 6 * BYTES, ORDER);
    s3b.intoMemorySegment(ALL, to + 7 * BYTES, ORDER);
  }

  /** 2 rows of x. */
  static void rows2(long out, long x, long stride, long starts, long quants, int size) {
    long x1 = x + stride;
    ShortVector s0a = IntVector.broadcast(I, ALL.get(I32, plain(starts))).reinterpretAsShorts();
    ShortVector s0b = s0a;
    ShortVector s1a =
        IntVector.broadcast(I, ALL.get(I32, plain(starts + stride))).reinterpretAsShorts();
    ShortVector s1b = s1a;
    long end = 2L * size;
    long w = quants;
    for (long o = 0; o != end; o += 4, w += 2 * BYTES) {
      ShortVector a = ShortVector.fromMemorySegment(S, ALL, plain(w), ORDER);
      ShortVector b = ShortVector.fromMemorySegment(S, ALL, plain(w) + BYTES, ORDER);
      ShortVector v = IntVector.broadcast(I, ALL.get(I32, plain(x + o))).reinterpretAsShorts();
      s0a = s0a.add(v.mul(a));
      s0b = s0b.add(v.mul(b));
      v = IntVector.broadcast(I, ALL.get(I32, plain(x1 + o))).reinterpretAsShorts();
      s1a = s1a.add(v.mul(a));
      s1b = s1b.add(v.mul(b));
    }
    long to = plain(out);
    s0a.intoMemorySegment(ALL, to, ORDER);
    s0b.intoMemorySegment(ALL, to + BYTES, ORDER);
    s1a.intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
    s1b.intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
  }

  /** One row of x. */
  static void rows1(long out, long x, long starts, long quants, int size) {
    ShortVector s0a = IntVector.broadcast(I, ALL.get(I32, plain(starts))).reinterpretAsShorts();
    ShortVector s0b = s0a;
    long end = 2L * size;
    long w = quants;
    for (long o = 0; o != end; o += 4, w += 2 * BYTES) {
      ShortVector a = ShortVector.fromMemorySegment(S, ALL, plain(w), ORDER);
      ShortVector b = ShortVector.fromMemorySegment(S, ALL, plain(w) + BYTES, ORDER);
      ShortVector v = IntVector.broadcast(I, ALL.get(I32, plain(x + o))).reinterpretAsShorts();
      s0a = s0a.add(v.mul(a));
      s0b = s0b.add(v.mul(b));
    }
    long to = plain(out);
    s0a.intoMemorySegment(ALL, to, ORDER);
    s0b.intoMemorySegment(ALL, to + BYTES, ORDER);
  }
}
