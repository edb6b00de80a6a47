package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.i16;
import static dev.heed.device.cpu.Memory.i32;
import static dev.heed.device.cpu.Memory.i8;

import dev.heed.tensor.DType;

/**
 * The blocks of panels: GGUF's blocks (ggml's {@code ggml-common.h}) of two rows, the low and the
 * high one of a lane, to that lane of consecutive vectors of ints, and back, bit for bit.
 *
 * <p>Every 32 elements of k are a group, 8 groups (fewer at the end of a row) a chunk: first all
 * scales of a chunk, then all its quants, so that memory is read from front to back. A K type's
 * block is a chunk. Vectors in order, with what a lane's int holds:
 *
 * <ul>
 *   <li>d, and m or dmin where the type has it: F16 of the low row, F16 of the high row; once a
 *       block.
 *   <li>For each group of a K type its scales, 4 bytes: (scale, minimum) of the low row and of the
 *       high row; for Q6_K (scale of k 0 to 15, of 16 to 31) of the low row and of the high row.
 *   <li>For each group of 5 bits 2 vectors, low row and high row: bit k is the fifth bit of element
 *       k. Of 6 bits 4 vectors: both rows for k 0 to 15, then both for 16 to 31: two bits each,
 *       those of element 4j + i from bit 8i + 2j on.
 *   <li>For each group 8 vectors of nibbles; vector j has k 4j to 4j + 3, a byte each, the low row
 *       in its low nibble. Q8_0 has 16 instead: for each j the low row's 4 bytes, then the high
 *       row's, with 128 added.
 * </ul>
 */
final class PanelBlocks {
  private static final int NIBBLES = 0x0f0f0f0f;
  private static final int SIGNS = 0x80808080;
  private static final long LOW_BITS = 0x0101010101010101L;
  private static final long LOW_PAIRS = 0x0303030303030303L;

  private PanelBlocks() {}

  /**
   * Packs a block of two rows.
   *
   * @param a address of the low row's block
   * @param b address of the high row's block
   * @param to address of the lane's int in the block's first vector of scales
   * @param quants the same in its first vector of quants
   * @param v bytes from vector to vector
   */
  static void pack(DType type, long a, long b, long to, long quants, int v) {
    halves(a + dAt(type), b + dAt(type), to);
    switch (type) {
      case Q8_0 -> {
        for (int j = 0; j < 8; j++) {
          Memory.i32(quants + 2L * j * v, i32(a + 2 + 4 * j) ^ SIGNS);
          Memory.i32(quants + (2L * j + 1) * v, i32(b + 2 + 4 * j) ^ SIGNS);
        }
      }
      case Q4_0 -> nibbles32(a + 2, b + 2, quants, v);
      case Q4_1 -> {
        halves(a + 2, b + 2, to + v);
        nibbles32(a + 4, b + 4, quants, v);
      }
      case Q5_0 -> {
        fifthBits(a + 2, b + 2, quants, v);
        nibbles32(a + 6, b + 6, quants + 2L * v, v);
      }
      case Q5_1 -> {
        halves(a + 2, b + 2, to + v);
        fifthBits(a + 4, b + 4, quants, v);
        nibbles32(a + 8, b + 8, quants + 2L * v, v);
      }
      case Q4_K -> packK(a, b, to, quants, v, false);
      case Q5_K -> packK(a, b, to, quants, v, true);
      case Q6_K -> packQ6K(a, b, to, quants, v);
      default -> throw new IllegalArgumentException("no blocks of " + type);
    }
  }

  /** Where d stands in a block. */
  private static int dAt(DType type) {
    return type == DType.Q6_K ? 208 : 0;
  }

  private static void packK(long a, long b, long to, long quants, int v, boolean five) {
    halves(a + 2, b + 2, to + v);
    int first = five ? 48 : 16;
    long at = quants;
    for (int g = 0; g < 8; g++) {
      int low = scale(a + 4, g) | minimum(a + 4, g) << 8;
      int high = scale(b + 4, g) | minimum(b + 4, g) << 8;
      Memory.i32(to + (2L + g) * v, low | high << 16);
      if (five) {
        Memory.i32(at, gather(a + 16, LOW_BITS << g));
        Memory.i32(at + v, gather(b + 16, LOW_BITS << g));
        at += 2L * v;
      }
      int pair = first + 32 * (g / 2);
      nibbles(a + pair, b + pair, 4 * (g % 2), 8, at, v);
      at += 8L * v;
    }
  }

  private static void packQ6K(long a, long b, long to, long quants, int v) {
    long at = quants;
    for (int g = 0; g < 8; g++) {
      int low = i16(a + 192 + 2 * g) & 0xffff;
      int high = i16(b + 192 + 2 * g);
      Memory.i32(to + (1L + g) * v, low | high << 16);
      int n = g / 4; // half of the block
      int part = g % 4;
      for (int j = 0; j < 2; j++) {
        int pairs = 128 + 32 * n + 16 * j;
        Memory.i32(at, turn(gather(a + pairs, LOW_PAIRS << 2 * part)));
        Memory.i32(at + v, turn(gather(b + pairs, LOW_PAIRS << 2 * part)));
        at += 2L * v;
      }
      int low4 = 64 * n + 32 * (part % 2);
      nibbles(a + low4, b + low4, 4 * (part / 2), 8, at, v);
      at += 8L * v;
    }
  }

  /**
   * Gives one row's block back.
   *
   * @param from address of the lane's int in the block's first vector of scales
   * @param quants the same in its first vector of quants
   * @param v bytes from vector to vector
   * @param high 1 for the high row, 0 for the low one
   * @param to address of the block
   */
  static void unpack(DType type, long from, long quants, int v, int high, long to) {
    half(from, high, to + dAt(type));
    switch (type) {
      case Q8_0 -> {
        for (int j = 0; j < 8; j++) {
          Memory.i32(to + 2 + 4 * j, i32(quants + (2L * j + high) * v) ^ SIGNS);
        }
      }
      case Q4_0 -> words32(quants, v, high, to + 2);
      case Q4_1 -> {
        half(from + v, high, to + 2);
        words32(quants, v, high, to + 4);
      }
      case Q5_0 -> {
        Memory.i32(to + 2, i32(quants + (long) high * v));
        words32(quants + 2L * v, v, high, to + 6);
      }
      case Q5_1 -> {
        half(from + v, high, to + 2);
        Memory.i32(to + 4, i32(quants + (long) high * v));
        words32(quants + 2L * v, v, high, to + 8);
      }
      case Q4_K -> unpackK(from, quants, v, high, to, false);
      case Q5_K -> unpackK(from, quants, v, high, to, true);
      case Q6_K -> unpackQ6K(from, quants, v, high, to);
      default -> throw new IllegalArgumentException("no blocks of " + type);
    }
  }

  private static void unpackK(long from, long quants, int v, int high, long to, boolean five) {
    half(from + v, high, to + 2);
    long group = (five ? 10L : 8L) * v;
    long scales = from + 2L * v + 2 * high;
    int first = five ? 48 : 16;
    for (int g = 0; g < 4; g++) {
      storeScales(i16(scales + (long) g * v), i16(scales + (g + 4L) * v), to + 4, g);
      long low = quants + 2 * g * group + (five ? 2L : 0) * v;
      words(low, low + group, v, high, 8, to + first + 32 * g);
    }
    for (int j = 0; five && j < 4; j++) {
      long bits = 0;
      for (int g = 0; g < 8; g++) {
        int plane = i32(quants + g * group + (long) high * v);
        bits |= Long.expand(plane >>> (8 * j) & 0xff, LOW_BITS << g);
      }
      store(to + 16 + 8 * j, bits);
    }
  }

  private static void unpackQ6K(long from, long quants, int v, int high, long to) {
    long group = 12L * v;
    for (int g = 0; g < 8; g++) {
      Memory.i16(to + 192 + 2 * g, i16(from + (1L + g) * v + 2 * high));
    }
    for (int n = 0; n < 2; n++) {
      for (int q = 0; q < 2; q++) {
        long low = quants + (4 * n + q) * group + 4L * v;
        words(low, low + 2 * group, v, high, 8, to + 64 * n + 32 * q);
      }
      for (int j = 0; j < 4; j++) {
        long bits = 0;
        for (int part = 0; part < 4; part++) {
          int plane = turn(i32(quants + (4 * n + part) * group + (2L * (j / 2) + high) * v));
          bits |= Long.expand(plane >>> (16 * (j % 2)) & 0xffff, LOW_PAIRS << 2 * part);
        }
        store(to + 128 + 32 * n + 8 * j, bits);
      }
    }
  }

  private static void halves(long a, long b, long to) {
    Memory.i32(to, i16(a) & 0xffff | i16(b) << 16);
  }

  private static void half(long from, int high, long to) {
    Memory.i16(to, i16(from + 2 * high));
  }

  private static void fifthBits(long a, long b, long to, int v) {
    Memory.i32(to, i32(a));
    Memory.i32(to + v, i32(b));
  }

  /** 16 bytes a row: low nibbles are elements 0 to 15, high nibbles 16 to 31. */
  private static void nibbles32(long a, long b, long to, int v) {
    nibbles(a, b, 0, 4, to, v);
    nibbles(a, b, 4, 4, to + 4L * v, v);
  }

  private static void nibbles(long a, long b, int shift, int count, long to, int v) {
    for (int j = 0; j < count; j++) {
      int low = i32(a + 4 * j) >>> shift & NIBBLES;
      int top = i32(b + 4 * j) >>> shift & NIBBLES;
      Memory.i32(to + (long) j * v, low | top << 4);
    }
  }

  /** The inverse of {@link #nibbles32} for one row. */
  private static void words32(long from, int v, int high, long to) {
    words(from, from + 4L * v, v, high, 4, to);
  }

  private static void words(long low, long top, int v, int high, int count, long to) {
    for (int j = 0; j < count; j++) {
      int a = i32(low + (long) j * v) >>> (4 * high) & NIBBLES;
      int b = i32(top + (long) j * v) >>> (4 * high) & NIBBLES;
      Memory.i32(to + 4 * j, a | b << 4);
    }
  }

  /** The bits of {@code mask} of each of 32 bytes (or of 16, for two bits each), packed. */
  private static int gather(long at, long mask) {
    int bits = Long.bitCount(mask);
    int out = 0;
    for (int j = 0; j < 32 / bits; j++) {
      out |= (int) Long.compress(load(at + 8 * j), mask) << (j * bits);
    }
    return out;
  }

  /** Transposes 4 x 4 pairs of bits; its own inverse. */
  private static int turn(int pairs) {
    int t = (pairs ^ pairs >>> 6) & 0x00cc00cc;
    int half = pairs ^ t ^ t << 6;
    t = (half ^ half >>> 12) & 0xf0f0;
    return half ^ t ^ t << 12;
  }

  private static long load(long at) {
    return i32(at) & 0xffffffffL | (long) i32(at + 4) << 32;
  }

  private static void store(long at, long value) {
    Memory.i32(at, (int) value);
    Memory.i32(at + 4, (int) (value >>> 32));
  }

  /** 6-bit scale of group {@code g} out of the 12 packed bytes of Q4_K and Q5_K. */
  private static int scale(long at, int g) {
    return g < 4 ? i8(at + g) & 63 : i8(at + g + 4) & 15 | (i8(at + g - 4) & 0xc0) >> 2;
  }

  /** 6-bit minimum of group {@code g}. */
  private static int minimum(long at, int g) {
    return g < 4 ? i8(at + g + 4) & 63 : (i8(at + g + 4) & 0xf0) >> 4 | (i8(at + g) & 0xc0) >> 2;
  }

  /** The inverse of both for groups g and g + 4, each (scale, minimum) in two bytes. */
  private static void storeScales(short first, short second, long to, int g) {
    int scale = second & 0xff;
    int min = second >> 8 & 0xff;
    byteAt(to + g, first & 63 | (scale >> 4) << 6);
    byteAt(to + g + 4, first >> 8 & 63 | (min >> 4) << 6);
    byteAt(to + g + 8, scale & 15 | (min & 15) << 4);
  }

  private static void byteAt(long at, int value) {
    Memory.ALL.set(java.lang.foreign.ValueLayout.JAVA_BYTE, at, (byte) value);
  }
}
