package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i16;
import static dev.heed.device.cpu.Memory.i32;

import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;

/**
 * Block floating point: 32 neighbouring elements of a row of x or of a weight as integers of 13
 * bits and a sign, with one scale. {@code d = most / 8191}, of a weight the next number of 8 bits
 * above; {@code q = v / d} to nearest even. 32 products of such integers add up to less than 2^31.
 * A block that holds an infinity or a NaN has such a scale, so that its sums are NaN.
 *
 * <p>A panel holds for each block its rows' scales, as of F16 in {@link PanelLayout} but the upper
 * half of an F32; then for every two elements two vectors of ints, the first element in the low
 * half.
 */
final class BlockFloat {
  /** Elements of a block. */
  static final int SIZE = 32;

  /** Pairs of quants of a block. */
  static final int PAIRS = SIZE / 2;

  /** Rows of a panel. */
  static final int ROWS = 2 * TileCode.LANES;

  /** Bytes of a block of a panel. */
  static final int PANEL_BLOCK = 2 * ROWS + 4 * ROWS * PAIRS;

  /** Where the scale stands in a block of x, behind its quants. */
  static final int SCALE = 2 * SIZE;

  /** Bytes of a block of x. */
  static final int RECORD = SCALE + 4;

  private static final float LARGEST = 8191;

  /** Least that a block is taken to hold: LARGEST divided by it is a number. */
  private static final int LEAST = Float.floatToRawIntBits(0x1p-112f);

  private static final int INFINITY = 0x7f800000;

  /** Added to a number below 2^22, the sum's low bits are that number, rounded. */
  private static final float ROUND = 0x1.8p23f;

  private BlockFloat() {}

  /** Blocks of {@code k} elements, the last one filled up with zeros. */
  static long blocks(long k) {
    return (k + SIZE - 1) / SIZE;
  }

  /** Bytes of a panel of {@code k} elements. */
  static long panelBytes(long k) {
    return blocks(k) * PANEL_BLOCK;
  }

  /** Rounds {@code count} elements of x, in F32, to a block of {@link #RECORD} bytes. */
  static void round(long out, long in, int count) {
    int bits = LEAST;
    for (int i = 0; i < count; i++) {
      bits = Math.max(bits, i32(in + 4L * i) & Integer.MAX_VALUE); // a NaN is the most
    }
    float most = Float.intBitsToFloat(bits);
    float inverse = LARGEST / most;
    for (int i = 0; i < count; i++) {
      i16(out + 2L * i, quant(f32(in + 4L * i), inverse));
    }
    for (int i = count; i < SIZE; i++) {
      i16(out + 2L * i, (short) 0);
    }
    f32(out + SCALE, most * (1 / LARGEST));
  }

  /** Rounds a block of row {@code r} of a panel, whose block begins at {@code out}. */
  static void pack(long out, int r, float[] values) {
    int bits = LEAST;
    for (float v : values) {
      bits = Math.max(bits, Float.floatToRawIntBits(v) & Integer.MAX_VALUE);
    }
    int scale = scale(Float.intBitsToFloat(bits));
    float inverse = 1 / Float.intBitsToFloat(scale);
    int lane = r % TileCode.LANES;
    int high = r / TileCode.LANES;
    i16(out + 4L * lane + 2 * high, (short) (scale >>> 16));
    long to = out + 2 * ROWS + 4L * r;
    for (int j = 0; j < PAIRS; j++) {
      int low = quant(values[2 * j], inverse) & 0xffff;
      i32(to + 4L * ROWS * j, low | quant(values[2 * j + 1], inverse) << 16);
    }
  }

  /** The bits of a weight's scale. */
  private static int scale(float most) {
    int bits = Float.floatToRawIntBits(most * (1 / LARGEST));
    return bits < INFINITY ? bits + 0xffff & 0xffff0000 : bits & 0xffff0000;
  }

  private static short quant(float v, float inverse) {
    return (short) Float.floatToRawIntBits(Math.fma(v, inverse, ROUND));
  }

  /** {@code count} elements of row {@code r} of a panel's block, in their type. */
  static void unpack(DType type, long block, int r, int count, long out) {
    int lane = r % TileCode.LANES;
    int high = r / TileCode.LANES;
    float d = Float.intBitsToFloat(i16(block + 4L * lane + 2 * high) << 16);
    long from = block + 2 * ROWS + 4L * r;
    for (int i = 0; i < count; i++) {
      float v = d * i16(from + 4L * ROWS * (i / 2) + 2 * (i % 2));
      i16(out + 2L * i, type == DType.F16 ? Float.floatToFloat16(v) : Quants.floatToBFloat16(v));
    }
  }
}
