package dev.heed.nn;

import dev.heed.op.Ops;
import dev.heed.op.Random;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;

/**
 * What a stack of layers reads: the sum of each token's embedding and its position's (Vaswani et
 * al. 2017, sections 3.4 and 3.5), normed in BART.
 *
 * @param tokens a vector for each id
 * @param positions a vector for each position, where positions are added
 * @param norm of the sums, where there is one
 * @param dropout of all that, section 5.4
 */
public record InputEmbedding(
    Embedding tokens,
    Optional<PositionalEncoding> positions,
    Optional<Norm> norm,
    Dropout dropout) {
  /** Without norm and dropout. */
  public InputEmbedding(Embedding tokens, Optional<PositionalEncoding> positions) {
    this(tokens, positions, Optional.empty(), Dropout.NONE);
  }

  /** With dropout. */
  public InputEmbedding withDropout(Random random) {
    return new InputEmbedding(tokens, positions, norm, Dropout.of(random));
  }

  /** x [T, D] = the vectors of ids I32 [T] at positions I32 [T]. */
  public void forward(Ops ops, Workspace ws, Tensor x, Tensor ids, Tensor at) {
    tokens.forward(ops, x, ids);
    positions.ifPresent(p -> p.addTo(ops, ws, x, at));
    norm.ifPresent(n -> n.forward(ops, x, x));
    dropout.forward(ops, x);
  }
}
