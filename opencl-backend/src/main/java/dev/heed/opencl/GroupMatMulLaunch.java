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

  /** EPILOGUE in products.cl. */
  private static final int PLAINLY = 0;

  private static final int RESIDUALLY = 1;
  private static final int GATED = 2;

  private static final Optional<Tensor> NONE = Optional.empty();

  /** A product and what is done to it; source and epilogue as the kernels number them. */
  private record Product(
      Tensor out,
      Tensor x,
      Tensor w,
      Optional<Tensor> bias,
      Optional<Tensor> residual,
      Activation fn,
      int source,
      int epilogue) {}

  private final KernelSet kernels;
  private final Tuning tuning;
  private final boolean subgroups;

  GroupMatMulLaunch(KernelSet kernels, Family family, Tuning tuning) {
    this.kernels = kernels;
    this.tuning = tuning;
    subgroups = family == Family.SUBGROUP;
  }

  /** Whether there are kernels for a weight: [K, N] has them for plain types. */
  static boolean has(Tensor w, boolean transposeW) {
    return transposeW || !w.dtype().isBlock();
  }

  @Override
  public void matmul(Op.MatMul op) {
    boolean batched = op.w().shape().rank() > 2;
    int source = Panels.has(op.w()) ? STRIPS : op.transposeW() ? ROWS : COLUMNS;
    long m = batched ? op.x().shape().dim(-2) : op.x().shape().leading();
    Product p = new Product(op.out(), op.x(), op.w(), NONE, NONE, Activation.IDENTITY, source, 0);
    run(p, m, batched);
  }

  @Override
  public void linear(Op.Linear op) {
    int epilogue = op.residual().isPresent() ? RESIDUALLY : PLAINLY;
    int source = Panels.has(op.w()) ? STRIPS : ROWS;
    Product p =
        new Product(op.out(), op.x(), op.w(), op.bias(), op.residual(), op.fn(), source, epilogue);
    run(p, op.x().shape().leading(), false);
  }

  @Override
  public void gated(Op.GatedLinear op) {
    int source = Panels.has(op.w()) ? STRIPS : ROWS;
    Product p = new Product(op.out(), op.x(), op.w(), NONE, NONE, op.fn(), source, GATED);
    run(p, op.x().shape().leading(), false);
  }

  /** {@code m} rows of x, of each batch if w is {@code batched}. */
  private void run(Product p, long m, boolean batched) {
    long n = p.out().shape().dim(-1);
    long batches = m == 0 ? 0 : p.x().shape().leading() / m;
    int most = tuning.get(subgroups ? Tunable.SUBVEC_FEW : Tunable.VEC_FEW);
    if (m <= most) {
      int rows = rowsOfFew(m);
      int columns = tuning.get(subgroups ? Tunable.SUBVEC_COLUMNS : Tunable.VEC_COLUMNS);
      arguments(named(Entry.MATVEC, p).code(rows).get(), p, m, n, batched)
          .runGroups(whole(n, columns), whole(m, rows), batches);
    } else if (subgroups) {
      long columns = (long) tuning.get(Tunable.SUBGROUP_ITEM_N) * kernels.subgroupSize();
      arguments(named(Entry.MATMUL_SUBGROUP, p).get(), p, m, n, batched)
          .runGroups(whole(n, columns), whole(m, tuning.get(Tunable.SUBGROUP_ITEM_M)), batches);
    } else {
      long columns = tuning.get(Tunable.LOCAL_TILE_N) / (p.epilogue() == GATED ? 2 : 1);
      arguments(named(Entry.MATMUL_LOCAL, p).get(), p, m, n, batched)
          .runGroups(whole(n, columns), whole(m, tuning.get(Tunable.LOCAL_TILE_M)), batches);
    }
  }

  /** Rows of x that one launch for few rows takes: a kernel is built for each number of them. */
  private static int rowsOfFew(long m) {
    return m == 1 ? 1 : m == 2 ? 2 : m <= 4 ? 4 : 8;
  }

  private static long whole(long n, long tile) {
    return (n + tile - 1) / tile;
  }

  private KernelSet named(Entry entry, Product p) {
    return kernels
        .of(entry)
        .type(p.out().dtype())
        .type(p.x().dtype())
        .type(p.w().dtype())
        .type(p.residual().isPresent() ? p.residual().get().dtype() : DType.F32)
        .code(p.fn().ordinal())
        .code(p.source())
        .code(p.epilogue());
  }

  private static Kernel arguments(Kernel kernel, Product p, long m, long n, boolean batched) {
    return kernel
        .view(p.out())
        .view(p.x())
        .view(p.w())
        .vector(p.bias())
        .view(p.residual())
        .arg(Math.toIntExact(m))
        .arg(Math.toIntExact(n))
        .arg(Math.toIntExact(p.x().shape().dim(-1)))
        .arg(batched);
  }
}
