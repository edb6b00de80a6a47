package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;

import dev.heed.tensor.DType;

/**
 * What products with block types want of x beside x: for each row and group of {@link
 * PanelLayout#group} elements what the group's sum begins with, and the sum of x over it; and a
 * single row once more, scaled.
 */
final class BlockOperand implements Workers.Task {
  /** Rows that one task sums. */
  private static final int ROWS = 16;

  private PanelMath math;
  private View x;
  private int size;
  private int groups;
  private float startFactor;
  private long sums;
  private boolean scalable;
  private float down;

  /** Bytes for any type of block. */
  static long bytes(long rows, long k) {
    return 4 * (rows * 2 * ((k + 15) / 16) + k);
  }

  /**
   * Takes rows of x; {@link #compute} does the work.
   *
   * @param to gets {@link #bytes}
   */
  BlockOperand of(View rows, int k, DType type, long to) {
    x = rows;
    size = PanelLayout.group(type);
    groups = k / size;
    startFactor = -PanelLayout.middle(type);
    sums = to;
    scalable = false;
    return this;
  }

  /** Sums all rows, and scales a single one. */
  void compute(PanelMath panelMath, Workers workers) {
    math = panelMath;
    workers.parallel(Math.toIntExact((x.count + ROWS - 1) / ROWS), this);
    scalable = x.count == 1 && scale(groups * size);
  }

  @Override
  public void run(int index, int worker) {
    long end = Math.min(x.count, (index + 1L) * ROWS);
    for (long row = (long) index * ROWS; row < end; row++) {
      math.totals(totals(row, 0), x.at(row), size, groups);
      for (int k = 0; k < groups * size; k += size) {
        f32(starts(row, k), startFactor * f32(totals(row, k)));
      }
    }
  }

  /** Copies the row, scaled, if it can be. */
  private boolean scale(int k) {
    long range = math.range(x.at(0), k);
    int least = ((int) (range >>> 32) >>> 23) - 127;
    int most = Math.max(0, ((int) range >>> 23) - 127);
    if (most > 80 || least < most - 100) {
      return false;
    }
    down = Subnormals.FAST ? power(-22 - most) : 1;
    math.scale(scaled(0), x.at(0), k, Subnormals.FAST ? power(127 - most) : 1);
    return true;
  }

  private static float power(int exponent) {
    return Float.intBitsToFloat(exponent + 127 << 23);
  }

  /** Address of element {@code k} of a row of x. */
  long at(long row, int k) {
    return x.at(row) + 4L * k;
  }

  /** Bytes from row to row of x. */
  long xStride() {
    return x.stride();
  }

  /**
   * Address of what the sum of the group that begins at {@code k} starts with: F32, -middle *
   * total.
   */
  long starts(long row, int k) {
    return sums + row * stride() + 4L * (k / size);
  }

  /** Address of the sum of x over the group that begins at {@code k}. */
  long totals(long row, int k) {
    return starts(row, k) + 4L * groups;
  }

  /** Bytes from row to row of starts, and of totals. */
  long stride() {
    return 8L * groups;
  }

  /**
   * Whether {@link #scaled} can stand for x: there is one row, and no number in it is so small or
   * so large that a product would be rounded in another way.
   */
  boolean scalable() {
    return scalable;
  }

  /**
   * Address of element {@code k} of the only row, times {@link #down}, and so that multiplied by a
   * quant that was left in its byte it gives the product itself: times 2^(-8 (k mod 4)), but the
   * fourth byte is shifted down. Where {@link Subnormals#FAST} times 2^149 too.
   */
  long scaled(int k) {
    return sums + x.count * stride() + 4L * k;
  }

  /** What sums of scaled products are multiplied by, a power of two. */
  float down() {
    return down;
  }

  /** What scales are multiplied by instead. */
  float up() {
    return 1 / down;
  }
}
