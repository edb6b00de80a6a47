package dev.heed.cuda;

import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;

/**
 * How matmul_mma.cu, matmul_blocks.cu and matmul_bytes.cu take a product: a pure function of types
 * and shape. All kernels for the same types give the same bits.
 *
 * @param blocks of threads
 * @param sharedBytes dynamic, of a block
 */
record TensorCoreProduct(Kernel kernel, long blocks, int sharedBytes) {
  /** With no more rows, the bytes of w are what counts. */
  private static final int FEW_ROWS = 16;

  /** Rows of x that a block of a matrix-vector product takes. */
  private static final int VECTORS = 8;

  /** Large tiles, if there are so many: about as many as a large GPU has multiprocessors. */
  private static final int MANY_BLOCKS = 128;

  private static final int LARGE = 128;
  private static final int SMALL = 64;

  /** STAGES steps of 32 of k of both operands, each row of 16-byte chunks padded by two. */
  static int stageBytes(int tile) {
    return 4 * 4 * 2 * (tile + 2) * 16;
  }

  /** Products of 16 bits with packed weights of the same type or in blocks; of Q8_0, many rows. */
  static boolean takes(Tensor x, Tensor w, long m) {
    if (x.dtype() == DType.Q8_0) {
      return m > FEW_ROWS;
    }
    boolean half = x.dtype().isHalf();
    return half
        && w.layout() == Layout.DEVICE
        && (w.dtype() == x.dtype() || w.dtype().isBlock())
        && w.shape().dim(1) > 0;
  }

  static TensorCoreProduct of(DType x, Tensor w, long m, boolean gated) {
    long outputs = w.shape().dim(0) / (gated ? 2 : 1);
    boolean blocks = w.dtype().isBlock();
    if (m <= FEW_ROWS) {
      Kernel kernel =
          blocks ? Kernel.matvecBlocks(x, w.dtype()) : Kernel.valueOf("MATVEC_MMA_" + x);
      return new TensorCoreProduct(
          kernel, Math.ceilDiv(outputs, Panels.ROWS) * Math.ceilDiv(m, VECTORS), 0);
    }
    if (blocks) {
      Kernel kernel = x == DType.Q8_0 ? Kernel.MATMUL_BYTES : Kernel.valueOf("MATMUL_BLOCKS_" + x);
      long tiles = tiles(outputs, gated, LARGE) * Math.ceilDiv(m, SMALL);
      return new TensorCoreProduct(kernel, tiles, 0);
    }
    long large = tiles(outputs, gated, LARGE) * Math.ceilDiv(m, LARGE);
    return m > SMALL && large >= MANY_BLOCKS
        ? new TensorCoreProduct(Kernel.valueOf("MATMUL_MMA_" + x), large, stageBytes(LARGE))
        : new TensorCoreProduct(
            Kernel.valueOf("MATMUL_MMA_SMALL_" + x),
            tiles(outputs, gated, SMALL) * Math.ceilDiv(m, SMALL),
            stageBytes(SMALL));
  }

  /** Of a gated product, half of a tile's columns are gates and half what they multiply. */
  private static long tiles(long outputs, boolean gated, int tile) {
    return Math.ceilDiv(outputs, gated ? tile / 2 : tile);
  }
}
