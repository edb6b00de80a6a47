package dev.heed.device.cpu;

import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;

/** Rows of activation blocks as F32, for products that have no other way to read them. */
final class WideRows extends BlockRows {
  private View wide;

  WideRows() {
    blocks = new View();
  }

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
    compute(workers);
  }

  @Override
  void read(long row, long from) {
    ActivationBlocks.widen(wide.at(row), from, wide.length);
  }
}
