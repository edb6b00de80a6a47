package dev.heed.nn;

import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.Random;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/**
 * Dropout (Srivastava et al. 2014): each element becomes 0 with probability p, and x / (1 - p)
 * otherwise. Without random numbers it is the identity, as in inference; with them, repeated runs
 * of one input sample the model's uncertainty (Monte-Carlo dropout, Gal and Ghahramani 2016).
 *
 * @param random p and the state of the generator, on the device; nothing for the identity
 */
public record Dropout(Optional<Random> random) {
  /** The identity, as in inference. */
  public static final Dropout NONE = new Dropout(Optional.empty());

  /** Drops with the probability and the numbers of {@code random}. */
  public static Dropout of(Random random) {
    return new Dropout(Optional.of(random));
  }

  /** Whether it is the identity. */
  public boolean isIdentity() {
    return random.isEmpty();
  }

  /** x, in place. */
  public void forward(Ops ops, Tensor x) {
    random.ifPresent(r -> ops.run(new Op.Dropout(x, x, r)));
  }
}
