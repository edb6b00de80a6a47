package dev.heed.cuda;

import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;

/** How matmul_wgmma.cu takes a product: its tiles, and where the copy engine finds the operands. */
final class WgmmaProduct {
  static final int THREADS = 384;

  /** Four stages of 48 KiB, sums, barriers, and what aligns them. */
  static final int SHARED_BYTES = 4 * (48 << 10) + 8 * 16 * 40 * 4 + 8 * 8 + 1024;

  private static final int ROWS = 128;
  private static final int COLUMNS = 256;

  /** Of k, in a step. */
  private static final int DEPTH = 64;

  /** Elements that lie together: 16 bytes. */
  private static final int CHUNK = 8;

  /** With fewer rows, the bytes of w are what counts. */
  private static final int LEAST_ROWS = 17;

  private WgmmaProduct() {}

  /** Products of 16 bits by packed weights of the same type, with x in aligned rows. */
  static boolean takes(Tensor x, Tensor w, long m, boolean gated) {
    long outputs = w.shape().dim(0) / (gated ? 2 : 1);
    boolean rows = x.shape().rank() == 2 || x.isDense();
    return x.dtype().isFloat()
        && w.dtype() == x.dtype()
        && TensorCoreProduct.takes(x, w, m)
        && m >= LEAST_ROWS
        && rows
        && Arguments.address(x) % 16 == 0
        && stride(x) % CHUNK == 0
        && (!gated || outputs % Panels.ROWS == 0);
  }

  /** Elements from a row to the next. */
  private static long stride(Tensor x) {
    return x.isDense() ? x.shape().dim(-1) : x.rowStride();
  }

  static long tiles(Tensor w, long m, boolean gated) {
    long outputs = w.shape().dim(0) / (gated ? 2 : 1);
    return Math.ceilDiv(m, ROWS) * Math.ceilDiv(outputs, gated ? COLUMNS / 2 : COLUMNS);
  }

  static Kernel kernel(Tensor x) {
    return x.dtype() == DType.F16 ? Kernel.MATMUL_WGMMA_F16 : Kernel.MATMUL_WGMMA_BF16;
  }

  /** Rows of x [m, k]. */
  static TensorMap rows(TensorMap map, Tensor x, long m) {
    return map.of(x.dtype(), Arguments.address(x), true)
        .dimension(x.shape().dim(-1), 2, DEPTH)
        .dimension(m, 2 * stride(x), ROWS);
  }

  /**
   * The panels of w: 32 rows of eight k; panels, those of gate and up apart; and chunks of k. A box
   * has 256 rows, 128 of gate and of up each.
   */
  static TensorMap panels(TensorMap map, Tensor w, boolean gated) {
    long panelBytes = Panels.panelBytes(w.dtype(), w.shape().dim(1));
    long panels = Panels.panels(w.shape().dim(0)) / (gated ? 2 : 1);
    long chunkBytes = Panels.ROWS * CHUNK * 2;
    return map.of(w.dtype(), Arguments.address(w), false)
        .dimension(Panels.ROWS * CHUNK, 2, Panels.ROWS * CHUNK)
        .dimension(panels, panelBytes, COLUMNS / Panels.ROWS / (gated ? 2 : 1))
        .dimension(gated ? 2 : 1, panels * panelBytes, gated ? 2 : 1)
        .dimension(panelBytes / chunkBytes, chunkBytes, DEPTH / CHUNK);
  }
}
