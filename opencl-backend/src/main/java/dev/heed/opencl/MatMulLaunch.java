package dev.heed.opencl;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/**
 * Launches of MatMul, Linear and GatedLinear: the plain kernels, which take any row-major weight.
 */
final class MatMulLaunch implements Products {
  private final KernelSet kernels;

  /** Rows of x that a work-item computes together, where there are so many. */
  private final int rows;

  MatMulLaunch(KernelSet kernels, Tuning tuning) {
    this.kernels = kernels;
    rows = tuning.get(Tunable.MATMUL_ROWS);
  }

  @Override
  public void matmul(Op.MatMul op) {
    Tensor x = op.x();
    boolean batched = op.w().shape().rank() > 2;
    long m = batched ? x.shape().dim(-2) : x.shape().leading();
    long batches = m == 0 ? 0 : x.shape().leading() / m;
    long n = op.out().shape().dim(-1);
    Kernel kernel =
        named(op.transposeW() ? Entry.MATMUL_NK : Entry.MATMUL_KN, op.out(), x, op.w(), m).get();
    arguments(kernel, op.out(), x, op.w(), Optional.empty(), Optional.empty(), m, n);
    kernel.arg(batched);
    long columns = op.transposeW() ? n : (n + 15) / 16;
    kernel.run(columns, tiles(m), batches);
  }

  @Override
  public void linear(Op.Linear op) {
    long m = op.x().shape().leading();
    long n = op.out().shape().dim(-1);
    Entry entry = op.residual().isPresent() ? Entry.LINEAR_RESIDUAL : Entry.LINEAR;
    KernelSet name = named(entry, op.out(), op.x(), op.w(), m).code(1).code(op.fn().ordinal());
    Kernel kernel =
        op.residual().isPresent() ? name.type(op.residual().get().dtype()).get() : name.get();
    arguments(kernel, op.out(), op.x(), op.w(), op.bias(), op.residual(), m, n);
    kernel.arg(false).run(n, tiles(m), 1);
  }

  @Override
  public void gated(Op.GatedLinear op) {
    long m = op.x().shape().leading();
    long n = op.out().shape().dim(-1);
    Activation fn = op.fn();
    Kernel kernel =
        named(Entry.GATED_LINEAR, op.out(), op.x(), op.w(), m).code(1).code(fn.ordinal()).get();
    arguments(kernel, op.out(), op.x(), op.w(), Optional.empty(), Optional.empty(), m, n);
    kernel.arg(false).run(n, tiles(m), 1);
  }

  private KernelSet named(Entry entry, Tensor out, Tensor x, Tensor w, long m) {
    return kernels
        .of(entry)
        .type(out.dtype())
        .type(x.dtype())
        .type(w.dtype())
        .code(m == 1 ? 1 : rows);
  }

  private long tiles(long m) {
    return m == 1 ? 1 : (m + rows - 1) / rows;
  }

  private static void arguments(
      Kernel kernel,
      Tensor out,
      Tensor x,
      Tensor w,
      Optional<Tensor> bias,
      Optional<Tensor> residual,
      long m,
      long n) {
    kernel
        .view(out)
        .view(x)
        .view(w)
        .vector(bias)
        .view(residual)
        .arg(Math.toIntExact(m))
        .arg(Math.toIntExact(n))
        .arg(Math.toIntExact(x.shape().dim(-1)));
  }
}
