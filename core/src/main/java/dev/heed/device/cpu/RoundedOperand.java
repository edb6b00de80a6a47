package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i16;
import static dev.heed.device.cpu.Memory.i32;

import dev.heed.tensor.DType;

/**
 * Activations in blocks of Q8_0 as products with quants of at most 6 bits read them. A lane of 16
 * bits adds up every second product of a group of {@link PanelLayout#group} elements: quants around
 * their middle times quants of x, which are at most 127, sum up to at most 32512. For each row:
 *
 * <ul>
 *   <li>Pairs: of each 4 elements (0, 2) and (1, 3), as 16 bits each in an int, the first one low.
 *   <li>For each group what both sums begin with, -{@link #centre} times the sum of x's quants, in
 *       16 bits each; the scale of x; the sum of x, which minima are multiplied by.
 * </ul>
 */
final class RoundedOperand extends BlockRows {
  private static final int BYTES = 0x00ff00ff;
  private static final int SIGNS = 0x80808080;

  private int size;
  private int groups;
  private int centre;
  private long memory;

  /** Whether weights of a type can be multiplied so: not of 8 bits. */
  static boolean fits(DType type) {
    return type != DType.Q8_0;
  }

  /** What is taken off the quants of a type, which begin with 0, so that sums fit 16 bits. */
  static int centre(DType type) {
    return switch (type) {
      case Q4_0 -> 8;
      case Q4_1, Q4_K -> 0;
      case Q5_0, Q5_1, Q5_K -> 16;
      case Q6_K -> 32;
      default -> throw new IllegalArgumentException("no 16-bit sums of " + type);
    };
  }

  /** Bytes for any type of weight. */
  static long bytes(long rows, long k) {
    return rows * (2 * k + 12 * (k / 16));
  }

  /**
   * Takes rows of x; {@link #compute} does the work.
   *
   * @param rows in blocks
   * @param type of the weight
   * @param to gets {@link #bytes}
   */
  RoundedOperand of(View rows, DType type, long to) {
    blocks = rows;
    size = PanelLayout.group(type);
    groups = Math.toIntExact(rows.length / size);
    centre = centre(type);
    memory = to;
    return this;
  }

  @Override
  void read(long row, long from) {
    long block = from;
    for (int k = 0; k < blocks.length; k += ActivationBlocks.SIZE) {
      float d = Float.float16ToFloat(i16(block));
      for (int at = 0; at < ActivationBlocks.SIZE; at += size) {
        group(row, k + at, block + 2 + at, d);
      }
      block += ActivationBlocks.BYTES;
    }
  }

  private void group(long row, int k, long from, float d) {
    long to = pairs(row, k);
    int even = 0;
    int odd = 0;
    for (int i = 0; i < size; i += 4) {
      int x = i32(from + i);
      i32(to + 2 * i, x << 24 >> 24 & 0xffff | x << 8 >> 24 << 16);
      i32(to + 2 * i + 4, x << 16 >> 24 & 0xffff | x >> 24 << 16);
      int y = x ^ SIGNS; // 128 more, so that sums carry nothing
      even += y & BYTES;
      odd += y >>> 8 & BYTES;
    }
    int bias = 128 * (size / 4);
    int low = (even & 0xffff) + (odd & 0xffff) - 2 * bias;
    int high = (even >>> 16) + (odd >>> 16) - 2 * bias;
    i32(starts(row, k), -centre * low & 0xffff | -centre * high << 16);
    f32(factors(row, k), d);
    f32(totals(row, k), d * (low + high));
  }

  /** Address of the pair that element {@code k}, a multiple of 4, begins. */
  long pairs(long row, int k) {
    return memory + row * stride() + 2L * k;
  }

  /** Address of what the sums of the group that begins at {@code k} begin with: two of 16 bits. */
  long starts(long row, int k) {
    return pairs(row, groups * size) + 4L * (k / size);
  }

  /** Address of the scale of x in the group that begins at {@code k}: F32. */
  long factors(long row, int k) {
    return starts(row, k) + 4L * groups;
  }

  /** Address of the sum of x over the group that begins at {@code k}: F32. */
  long totals(long row, int k) {
    return factors(row, k) + 4L * groups;
  }

  /** Bytes from row to row of all of these. */
  long stride() {
    return 2L * groups * size + 12L * groups;
  }
}
