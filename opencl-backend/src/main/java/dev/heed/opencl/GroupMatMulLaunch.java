package dev.heed.opencl;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/**
 * Launches of MatMul, Linear and GatedLinear in the GPU families, with weights that are packed or
 * not: few rows of x by one kernel, more in tiles, with the same bits.
 */
final class GroupMatMulLaunch implements Products {
  /** How a weight lies: SOURCE in products.cl. */
  private static final int STRIPS = 0;

  private static final int ROWS = 1;
  private static final int COLUMNS = 2;

  private static final Optional<Tensor> NONE = Optional.empty();

  private final KernelSet kernels;
  private final Tuning tuning;
  private final boolean subgroups;

  GroupMatMulLaunch(KernelSet kernels, Family family, Tuning tuning) {
    this.kernels = kernels;
    this.tuning = tuning;
    subgroups = family == Family.SUBGROUP;
  }

  @Override
  public void matmul(Op.MatMul op) {
    int source = Panels.has(op.w()) ? STRIPS : op.transposeW() ? ROWS : COLUMNS;
    run(op.out(), op.x(), op.w(), NONE, NONE, Activation.IDENTITY, source, false);
  }

  @Override
  public void linear(Op.Linear op) {
    int source = Panels.has(op.w()) ? STRIPS : ROWS;
    run(op.out(), op.x(), op.w(), op.bias(), op.residual(), op.fn(), source, false);
  }

  @Override
  public void gated(Op.GatedLinear op) {
    int source = Panels.has(op.w()) ? STRIPS : ROWS;
    run(op.out(), op.x(), op.w(), NONE, NONE, op.fn(), source, true);
  }

  private void run(
      Tensor out,
      Tensor x,
      Tensor w,
      Optional<Tensor> bias,
      Optional<Tensor> residual,
      Activation fn,
      int source,
      boolean gated) {
    boolean batched = w.shape().rank() > 2;
    long m = batched ? x.shape().dim(-2) : x.shape().leading();
    long n = out.shape().dim(-1);
    boolean few = m <= tuning.get(subgroups ? Tunable.SUBVEC_FEW : Tunable.VEC_FEW);
    kernels
        .of(few ? Entry.MATVEC : subgroups ? Entry.MATMUL_SUBGROUP : Entry.MATMUL_LOCAL)
        .type(out.dtype())
        .type(x.dtype())
        .type(w.dtype())
        .type(residual.isPresent() ? residual.get().dtype() : DType.F32)
        .code(source)
        .code(gated ? 1 : 0);
    if (few) {
      kernels.code(rowsOfFew(m));
    }
    Kernel kernel = kernels.get().view(out).view(x).view(w).vector(bias).view(residual);
    kernel.arg(fn.ordinal()).arg(Math.toIntExact(m)).arg(Math.toIntExact(n));
    kernel.arg(Math.toIntExact(x.shape().dim(-1))).arg(batched);
    long rows = few ? rowsOfFew(m) : rowsOfTile();
    long columns = few ? columnsOfFew() : columnsOfTile(gated);
    long batches = m == 0 ? 0 : x.shape().leading() / m;
    kernel.runGroups(whole(n, columns), whole(m, rows), batches);
  }

  /** Rows of x that a group takes where there are few: a kernel is built for each number. */
  private static int rowsOfFew(long m) {
    return m == 1 ? 1 : m <= 4 ? 4 : 8;
  }

  private int columnsOfFew() {
    return tuning.get(subgroups ? Tunable.SUBVEC_COLUMNS : Tunable.VEC_COLUMNS);
  }

  private int rowsOfTile() {
    return tuning.get(subgroups ? Tunable.SUBGROUP_ITEM_M : Tunable.LOCAL_TILE_M);
  }

  /** Columns of out a group; half of a tile in local memory is of w's other half if gated. */
  private int columnsOfTile(boolean gated) {
    return subgroups
        ? tuning.get(Tunable.SUBGROUP_ITEM_N) * kernels.subgroupSize()
        : tuning.get(Tunable.LOCAL_TILE_N) / (gated ? 2 : 1);
  }

  private static long whole(long n, long tile) {
    return (n + tile - 1) / tile;
  }
}
