package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i16;
import static dev.heed.device.cpu.Memory.i32;

import dev.heed.tensor.DType;

/**
 * Activations in blocks of Q8_0 as {@link DotProducts} read them: for each row and each group of
 * {@link PanelLayout#group} elements the quants, a byte each, and behind them
 *
 * <ul>
 *   <li>{@link #START}: I32, what the group's sum begins with, -{@link #centre} times the sum of
 *       x's quants;
 *   <li>{@link #FACTOR}: F32, the scale of x;
 *   <li>{@link #TOTAL}: F32, the sum of x, which minima are multiplied by.
 * </ul>
 */
final class ByteOperand extends BlockRows implements CodeOperand {
  /** Bytes behind the quants of a group. */
  static final int TAIL = 12;

  /** Where these stand behind the quants, in bytes. */
  static final int START = 0;

  static final int FACTOR = 4;
  static final int TOTAL = 8;

  private static final int BYTES = 0x00ff00ff;
  private static final int SIGNS = 0x80808080;

  private int size;
  private int centre;
  private long memory;

  /** What is taken off the quants of a type: as {@link RoundedOperand} does, and 128 of 8 bits. */
  static int centre(DType type) {
    return type == DType.Q8_0 ? PanelLayout.middle(type) : RoundedOperand.centre(type);
  }

  /** Bytes of a group. */
  static int record(DType type) {
    return PanelLayout.group(type) + TAIL;
  }

  /** Bytes for any type of weight. */
  static long bytes(long rows, long k) {
    return rows * (k / 16) * record(DType.Q6_K);
  }

  /**
   * Takes rows of x; {@link #compute} does the work.
   *
   * @param rows in blocks
   * @param type of the weight
   * @param to gets {@link #bytes}
   */
  ByteOperand of(View rows, DType type, long to) {
    blocks = rows;
    size = PanelLayout.group(type);
    centre = centre(type);
    memory = to;
    return this;
  }

  @Override
  void read(long row, long from) {
    long block = from;
    long to = at(row);
    for (long k = 0; k < blocks.length; k += ActivationBlocks.SIZE) {
      float d = Float.float16ToFloat(i16(block));
      for (int i = 0; i < ActivationBlocks.SIZE; i += size) {
        group(to, block + 2 + i, d);
        to += size + TAIL;
      }
      block += ActivationBlocks.BYTES;
    }
  }

  private void group(long to, long from, float d) {
    int even = 0;
    int odd = 0;
    for (int i = 0; i < size; i += 4) {
      int x = i32(from + i);
      i32(to + i, x);
      int y = x ^ SIGNS; // 128 more, so that sums carry nothing
      even += y & BYTES;
      odd += y >>> 8 & BYTES;
    }
    int both = even + odd;
    int sum = (both & 0xffff) + (both >>> 16) - 128 * size;
    i32(to + size + START, -centre * sum);
    f32(to + size + FACTOR, d);
    f32(to + size + TOTAL, d * sum);
  }

  @Override
  public long rows() {
    return blocks.count;
  }

  @Override
  public int groups() {
    return Math.toIntExact(blocks.length / ActivationBlocks.SIZE);
  }

  @Override
  public long at(long row) {
    return memory + row * stride();
  }

  @Override
  public long stride() {
    return blocks.length / size * (size + TAIL);
  }
}
