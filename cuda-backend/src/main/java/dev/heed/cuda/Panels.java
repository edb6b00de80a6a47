package dev.heed.cuda;

import dev.heed.tensor.DType;

/**
 * How weights lie in panels of 32 rows: kernels/cuda/blocks.cuh. A plain type counts as blocks of
 * 32 elements.
 */
final class Panels {
  static final int ROWS = 32;

  private Panels() {}

  /** Bytes of a weight [n, k]. */
  static long bytes(DType type, long n, long k) {
    return panels(n) * panelBytes(type, k);
  }

  static long panels(long n) {
    return (n + ROWS - 1) / ROWS;
  }

  /** Bytes of one panel of rows of k elements. */
  static long panelBytes(DType type, long k) {
    return ROWS * (type.isBlock() ? type.bytes(k) : type.bytes((k + 31) / 32 * 32));
  }
}
