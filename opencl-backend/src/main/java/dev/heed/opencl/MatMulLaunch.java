package dev.heed.opencl;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/** Launches of MatMul, Linear and GatedLinear on processors with weights that are not packed. */
final class MatMulLaunch implements Products {
  private static final Optional<Tensor> NONE = Optional.empty();

  private final KernelSet kernels;

  /** Rows of x that a work-item computes together, where there are so many. */
  private final int rows;

  MatMulLaunch(KernelSet kernels, Tuning tuning) {
    this.kernels = kernels;
    rows = tuning.get(Tunable.MATMUL_ROWS);
  }

  @Override
  public void matmul(Op.MatMul op) {
    Entry entry = op.transposeW() ? Entry.MATMUL_NK : Entry.MATMUL_KN;
    run(entry, op.out(), op.x(), op.w(), NONE, NONE, Activation.IDENTITY);
  }

  @Override
  public void linear(Op.Linear op) {
    run(Entry.MATMUL_NK, op.out(), op.x(), op.w(), op.bias(), op.residual(), op.fn());
  }

  @Override
  public void gated(Op.GatedLinear op) {
    run(Entry.GATED_LINEAR, op.out(), op.x(), op.w(), NONE, NONE, op.fn());
  }

  private void run(
      Entry entry,
      Tensor out,
      Tensor x,
      Tensor w,
      Optional<Tensor> bias,
      Optional<Tensor> residual,
      Activation fn) {
    boolean batched = w.shape().rank() > 2;
    long m = batched ? x.shape().dim(-2) : x.shape().leading();
    long n = out.shape().dim(-1);
    kernels
        .of(entry)
        .type(out.dtype())
        .type(x.dtype())
        .type(w.dtype())
        .type(residual.isPresent() ? residual.get().dtype() : DType.F32)
        .code(m == 1 ? 1 : rows)
        .get()
        .view(out)
        .view(x)
        .view(w)
        .vector(bias)
        .view(residual)
        .arg(fn.ordinal())
        .arg(Math.toIntExact(m))
        .arg(Math.toIntExact(n))
        .arg(Math.toIntExact(x.shape().dim(-1)))
        .arg(batched)
        .run(
            entry == Entry.MATMUL_KN ? (n + 15) / 16 : n,
            m == 1 ? 1 : (m + rows - 1) / rows,
            m == 0 ? 0 : x.shape().leading() / m);
  }
}
