package dev.heed.nn;

import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/**
 * Layer norm (Ba et al. 2016) or RMS norm (Zhang and Sennrich 2019) with its parameters.
 *
 * @param weight F32 [D]
 * @param bias F32 [D]
 * @param eps inside the root
 * @param kind LAYER or RMS
 */
public record Norm(Optional<Tensor> weight, Optional<Tensor> bias, float eps, NormKind kind) {
  /** y = norm(x), both [.., D]; y may be x. */
  public void forward(Ops ops, Tensor y, Tensor x) {
    ops.run(new Op.Norm(y, x, weight, bias, eps, kind));
  }

  /** x = norm(x + other), all [.., D]. */
  public void afterAdding(Ops ops, Tensor x, Tensor other) {
    ops.run(new Op.AddNorm(x, x, x, other, weight, bias, eps, kind));
  }
}
