package dev.heed.nn;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * y = fn(x W^T + b) + residual, W [N, K]. Several projections of the same input are one Linear
 * whose rows follow each other; where the checkpoint stores them in different types (Q4_K_M keeps
 * some values in Q6_K), each type is a part of its own.
 *
 * @param parts in the order of their output columns
 */
public record Linear(List<Part> parts) {
  /**
   * Some rows of W.
   *
   * @param weight [n, K], packed
   * @param bias F32 [n]
   */
  public record Part(Tensor weight, Optional<Tensor> bias) {
    boolean isBlock() {
      return weight.dtype().isBlock();
    }
  }

  public Linear {
    parts = List.copyOf(parts);
  }

  /** Output columns N. */
  public long outputs() {
    return parts.stream().mapToLong(p -> p.weight().shape().dim(0)).sum();
  }

  /** y [T, N] = x [T, K] W^T + b. */
  public void forward(Ops ops, Tensor y, Tensor x) {
    forward(ops, y, x, Activation.IDENTITY, Optional.empty());
  }

  /** residual [T, N] += x W^T + b. */
  public void addTo(Ops ops, Tensor residual, Tensor x) {
    forward(ops, residual, x, Activation.IDENTITY, Optional.of(residual));
  }

  /** y [T, N] = fn(x [T, K] W^T + b) + residual [T, N]. */
  public void forward(Ops ops, Tensor y, Tensor x, Activation fn, Optional<Tensor> residual) {
    if (parts.stream().anyMatch(Part::isBlock)) {
      Rounding.forBlocks(ops, x, rounded -> forward(ops, y, x, rounded, fn, residual));
    } else {
      forward(ops, y, x, x, fn, residual);
    }
  }

  /** {@code forBlocks} is x as weights of block types read it. */
  private void forward(
      Ops ops, Tensor y, Tensor x, Tensor forBlocks, Activation fn, Optional<Tensor> residual) {
    long from = 0;
    for (Part p : parts) {
      long at = from;
      long n = p.weight().shape().dim(0);
      Tensor in = p.isBlock() ? forBlocks : x;
      boolean all = parts.size() == 1;
      Tensor out = all ? y : y.columns(at, n);
      Optional<Tensor> added = all ? residual : residual.map(r -> r.columns(at, n));
      ops.run(new Op.Linear(out, in, p.weight(), p.bias(), fn, added));
      from += n;
    }
  }

  /** Whether it is one weight without a bias, as {@link #gated} wants it. */
  boolean isOneWeight() {
    return parts.size() == 1 && parts.getFirst().bias().isEmpty();
  }

  /** y [T, F] = fn(x [T, K] G^T) * (x U^T) where W = [G; U] is one weight. */
  void gated(Ops ops, Tensor y, Tensor x, Activation fn) {
    Part p = parts.getFirst();
    if (p.isBlock()) {
      Rounding.forBlocks(ops, x, r -> ops.run(new Op.GatedLinear(y, r, p.weight(), fn)));
    } else {
      ops.run(new Op.GatedLinear(y, x, p.weight(), fn));
    }
  }
}
