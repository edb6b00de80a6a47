package dev.heed.nn;

import dev.heed.op.Activation;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/**
 * y = fn(x W^T + b).
 *
 * @param linear W and b
 * @param fn the activation
 */
public record Dense(Linear linear, Activation fn) {
  /** y [T, N] of x [T, K]. */
  public void forward(Ops ops, Tensor y, Tensor x) {
    linear.forward(ops, y, x, fn, Optional.empty());
  }
}
