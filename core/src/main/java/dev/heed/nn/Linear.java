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
  public record Part(Tensor weight, Optional<Tensor> bias) {}

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
    if (parts.size() == 1) {
      Part p = parts.getFirst();
      ops.run(new Op.Linear(y, x, p.weight(), p.bias(), fn, residual));
      return;
    }
    long from = 0;
    for (Part p : parts) {
      long at = from;
      long n = p.weight().shape().dim(0);
      ops.run(
          new Op.Linear(
              y.columns(at, n), x, p.weight(), p.bias(), fn, residual.map(r -> r.columns(at, n))));
      from += n;
    }
  }
}
