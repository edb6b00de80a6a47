package dev.heed.device.cpu;

import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;

/** Rows of activation blocks as F32, for products that have no other way to read them. */
final class WideRows implements Workers.Task {
  /** Elements that one task converts. */
  private static final long TASK = 1 << 15;

  private final View blocks = new View();
  private View wide;
  private long rowsPerTask;

  /** Bytes of so many elements. */
  static long bytes(long elements) {
    return DType.F32.bytes(elements);
  }

  /**
   * Makes {@code to} the rows of a tensor in F32.
   *
   * @param x Q8_0
   * @param memory gets {@link #bytes}
   */
  void of(Tensor x, View to, long memory, Workers workers) {
    blocks.of(x);
    wide = to.of(memory, blocks.count, blocks.length);
    rowsPerTask = Math.max(1, TASK / Math.max(1, blocks.length));
    workers.parallel(Math.toIntExact((wide.count + rowsPerTask - 1) / rowsPerTask), this);
  }

  @Override
  public void run(int index, int worker) {
    long end = Math.min(wide.count, (index + 1) * rowsPerTask);
    for (long row = index * rowsPerTask; row < end; row++) {
      ActivationBlocks.widen(wide.at(row), blocks.at(row), wide.length);
    }
  }
}
