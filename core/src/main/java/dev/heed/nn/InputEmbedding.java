package dev.heed.nn;

import dev.heed.op.Ops;
import dev.heed.op.Random;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;

/**
 * What a stack of layers reads: the sum of each token's embedding and its position's (Vaswani et
 * al. 2017, sections 3.4 and 3.5).
 *
 * @param tokens a vector for each id
 * @param positions a vector for each position, where positions are added
 * @param dropout of the sums, section 5.4
 */
public record InputEmbedding(
    Embedding tokens, Optional<PositionalEncoding> positions, Dropout dropout) {
  /** Without dropout. */
  public InputEmbedding(Embedding tokens, Optional<PositionalEncoding> positions) {
    this(tokens, positions, Dropout.NONE);
  }

  /** With dropout of the sums. */
  public InputEmbedding withDropout(Random random) {
    return new InputEmbedding(tokens, positions, Dropout.of(random));
  }

  /** x [T, D] = the vectors of ids I32 [T] at positions I32 [T]. */
  public void forward(Ops ops, Workspace ws, Tensor x, Tensor ids, Tensor at) {
    tokens.forward(ops, x, ids);
    positions.ifPresent(p -> p.addTo(ops, ws, x, at));
    dropout.forward(ops, x);
  }
}
