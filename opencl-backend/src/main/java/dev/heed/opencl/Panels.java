package dev.heed.opencl;

import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;

/**
 * Packed weights of the CPU family: panels of 32 rows, as {@code panels.cl} lays them out, and
 * {@code blockfloat.cl} those of {@link Layout#ROUNDED}.
 */
final class Panels {
  /** Rows of a panel. */
  static final int ROWS = 32;

  /** Columns of a plain type that a work-item packs. */
  private static final int UNIT = 16;

  /** Elements of a block of {@link Layout#ROUNDED}, and its bytes in a panel. */
  private static final int BLOCK = 32;

  private static final int BLOCK_BYTES = ROWS * (Short.BYTES + BLOCK * Short.BYTES);

  private Panels() {}

  /** Panels that {@code n} rows make. */
  static long count(long n) {
    return (n + ROWS - 1) / ROWS;
  }

  /** Bytes of a panel of {@code k} columns. */
  static long bytes(DType type, long k) {
    long block = (long) ROWS * type.blockBytes();
    // The 6-bit scales and minima of Q4_K and Q5_K, 12 bytes of a block, lie as 16 bytes.
    boolean widened = type == DType.Q4_K || type == DType.Q5_K;
    return k / type.blockSize() * (widened ? block + 4 * ROWS : block);
  }

  /** Work-items that pack a panel of {@code k} columns. */
  static long units(DType type, long k) {
    return type.isBlock() ? k / type.blockSize() : (k + UNIT - 1) / UNIT;
  }

  /** Blocks of {@link Layout#ROUNDED} that {@code k} columns make. */
  static long roundedBlocks(long k) {
    return (k + BLOCK - 1) / BLOCK;
  }

  /** Bytes of a panel of {@code k} columns in {@link Layout#ROUNDED}. */
  static long roundedBytes(long k) {
    return roundedBlocks(k) * BLOCK_BYTES;
  }

  /** Bytes of rows of x as products with {@link Layout#ROUNDED} read them. */
  static long roundedRowsBytes(long rows, long k) {
    return (rows + rows % 2) * roundedBlocks(k) * (BLOCK * Short.BYTES + Float.BYTES);
  }

  /** Whether a weight lies in panels, of whatever kind. */
  static boolean has(Tensor weight) {
    return weight.layout() != Layout.ROW_MAJOR;
  }

  /** Whether a weight lies in panels of block floating point. */
  static boolean rounded(Tensor weight) {
    return weight.layout() == Layout.ROUNDED;
  }

  /** Whether products want sums of x: types whose quants have an offset or a minimum. */
  static boolean wantsSums(DType type) {
    return type.isBlock() && type != DType.Q8_0;
  }
}
