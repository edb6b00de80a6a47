package dev.heed.nn;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * A table of vectors, one for each id: y = scale * E[id] (Vaswani et al. 2017, section 3.4).
 *
 * @param table E [V, D], packed
 * @param scale of the vectors: sqrt(D) in the paper, 1 in most later models
 */
public record Embedding(Tensor table, float scale) {
  /** A table whose vectors are taken as they are. */
  public Embedding(Tensor table) {
    this(table, 1);
  }

  /** The same table with vectors multiplied by sqrt(D). */
  public Embedding scaled() {
    return new Embedding(table, (float) Math.sqrt(table.shape().dim(1)));
  }

  /** V, the number of ids. */
  public int size() {
    return Math.toIntExact(table.shape().dim(0));
  }

  /** y [T, D] = scale * table[ids [T]]. */
  public void forward(Ops ops, Tensor y, Tensor ids) {
    ops.run(new Op.Gather(y, table, ids));
    if (scale != 1) {
      ops.run(new Op.Activate(y, y, Activation.IDENTITY, 1, scale));
    }
  }

  /**
   * The same weight, unscaled, as an output projection (Press and Wolf 2017); the table must be
   * packed for both uses.
   */
  public Linear tied() {
    return tied(Optional.empty());
  }

  /**
   * The same with a bias of its own.
   *
   * @param bias F32 [V]
   */
  public Linear tied(Optional<Tensor> bias) {
    return new Linear(List.of(new Linear.Part(table, bias)));
  }
}
