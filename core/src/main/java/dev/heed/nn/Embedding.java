package dev.heed.nn;

import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * A table of vectors, one for each id.
 *
 * @param table [V, D], packed
 */
public record Embedding(Tensor table) {
  /** y [T, D] = table[ids [T]]. */
  public void forward(Ops ops, Tensor y, Tensor ids) {
    ops.run(new Op.Gather(y, table, ids));
  }

  /**
   * The same weight as an output projection (Press and Wolf 2017); the table must be packed for
   * both uses.
   */
  public Linear tied() {
    return new Linear(List.of(new Linear.Part(table, Optional.empty())));
  }
}
