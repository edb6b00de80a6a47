package dev.heed.cuda;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/** Launches of matrix products. Every kernel sums in the same order: matmul.cuh. */
final class Products {
  /** Rows and columns of a block of matmul.cu. */
  private static final int TILE = 64;

  /** More rows than these are a matrix. */
  private static final int FEW_ROWS = 8;

  /** Elements of k in a sum of its own: SEGMENT in matmul.cuh. */
  private static final int SEGMENT = 256;

  /** Of a block, for the sums of all segments: what every GPU has without asking, beside x. */
  private static final int SHARED_BYTES = 36 << 10;

  /** Of k, in products with x of Q8_0: the sums of gates and ups fit a block. */
  static final int MOST_BYTES = 32 << 10;

  private static final int MOST_Z = 65535;

  private final Launches launches;
  private final boolean tensorCores;
  private final int wgmmaTiles;
  private final int multiprocessors;
  private final TensorMap map = new TensorMap();

  /** Launches of a device's kernels. */
  Products(Launches launches, Programs programs) {
    this.launches = launches;
    tensorCores = programs.tensorCores();
    wgmmaTiles = programs.options().wgmmaTiles();
    multiprocessors = programs.multiprocessors();
  }

  void execute(Op.MatMul op) {
    run(
        op.out(),
        op.x(),
        op.w(),
        op.transposeW(),
        Optional.empty(),
        Activation.IDENTITY,
        Optional.empty(),
        false);
  }

  void execute(Op.Linear op) {
    run(op.out(), op.x(), op.w(), true, op.bias(), op.fn(), op.residual(), false);
  }

  void execute(Op.GatedLinear op) {
    run(op.out(), op.x(), op.w(), true, Optional.empty(), op.fn(), Optional.empty(), true);
  }

  private void run(
      Tensor out,
      Tensor x,
      Tensor w,
      boolean transposed,
      Optional<Tensor> bias,
      Activation fn,
      Optional<Tensor> residual,
      boolean gated) {
    Shape ws = w.shape();
    long batches = ws.rank() == 2 ? 1 : ws.leading() / ws.dim(-2);
    long m = x.shape().leading() / Math.max(1, batches);
    for (long batch = 0; batch < batches; batch += MOST_Z) {
      launches
          .arguments()
          .view(out)
          .view(x)
          .weight(w, transposed)
          .pointer(bias)
          .view(residual)
          .i64(m)
          .i64(batch)
          .i32(fn.ordinal())
          .i32(gated);
      if (takesWgmma(x, w, m, gated)) {
        wgmma(x, w, m, gated);
      } else if (tensorCores && TensorCoreProduct.takes(x, w, m)) {
        TensorCoreProduct p = TensorCoreProduct.of(x.dtype(), w, m, gated);
        launches.launch(p.kernel(), p.blocks(), 1, 1, p.kernel().threads(), p.sharedBytes());
      } else if (x.dtype() == DType.Q8_0) {
        matvec(w, m, gated, true);
      } else if (w.layout() == Layout.DEVICE
          && m <= FEW_ROWS
          && sumBytes(w, gated) <= SHARED_BYTES) {
        matvec(w, m, gated, false);
      } else {
        long columns = Math.ceilDiv(gated ? ws.dim(0) / 2 : out.shape().dim(-1), gated ? 32 : TILE);
        long tiles = Math.ceilDiv(m, TILE);
        long count = Math.min(MOST_Z, batches - batch);
        launches.launch(Kernel.MATMUL, columns, tiles, count, Kernel.MATMUL.threads(), 0);
      }
    }
  }

  private boolean takesWgmma(Tensor x, Tensor w, long m, boolean gated) {
    return wgmmaTiles > 0
        && WgmmaProduct.takes(x, w, m, gated)
        && WgmmaProduct.tiles(w, m, gated) >= wgmmaTiles;
  }

  /** A block a multiprocessor, which takes one tile after the other. */
  private void wgmma(Tensor x, Tensor w, long m, boolean gated) {
    launches.tensorMap(WgmmaProduct.rows(map, x, m));
    launches.tensorMap(WgmmaProduct.panels(map, w, gated));
    long blocks = Math.min(multiprocessors, WgmmaProduct.tiles(w, m, gated));
    int shared = WgmmaProduct.SHARED_BYTES;
    launches.launch(WgmmaProduct.kernel(x), blocks, 1, 1, WgmmaProduct.THREADS, shared);
  }

  /** Of the sums of all segments of a panel, for one row of x. */
  private static long sumBytes(Tensor w, boolean gated) {
    return 4 * Math.ceilDiv(w.shape().dim(1), SEGMENT) * (gated ? 2 : 1) * Panels.ROWS;
  }

  /** A block a panel, and a row of x or four. */
  private void matvec(Tensor w, long m, boolean gated, boolean bytes) {
    long outputs = w.shape().dim(0) / (gated ? 2 : 1);
    long rowBytes = sumBytes(w, gated);
    int rows = m > 1 && 4 * rowBytes <= SHARED_BYTES ? 4 : 1;
    Kernel kernel = bytes ? Kernel.matvecBytes(w.dtype(), rows) : Kernel.matvec(w.dtype(), rows);
    launches.launch(
        kernel,
        Math.ceilDiv(outputs, Panels.ROWS),
        Math.ceilDiv(m, rows),
        1,
        kernel.threads(),
        rows * rowBytes);
  }
}
