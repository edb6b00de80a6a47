package dev.heed.nn;

import dev.heed.op.Sequences;
import dev.heed.tensor.Tensor;

/**
 * The inputs of one step: T tokens of B sequences, one behind the other, all on the device.
 *
 * @param ids I32 [T]
 * @param positions I32 [T]: absolute position of each token in its sequence
 * @param seq which rows belong to which sequence
 */
public record Batch(Tensor ids, Tensor positions, Sequences seq) {
  /** T. */
  public long tokens() {
    return ids.shape().dim(0);
  }
}
