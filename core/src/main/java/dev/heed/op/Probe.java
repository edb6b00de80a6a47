package dev.heed.op;

import dev.heed.tensor.Tensor;
import java.util.Optional;

/**
 * Looks on while a model runs. Models tell it of each attention and of the output of each layer, in
 * the order they are computed; with {@link #NONE} nothing is computed for it.
 */
public interface Probe {
  /** Which attention, or which stack of layers. */
  enum Stage {
    /** Of a source, in both directions. */
    ENCODER,
    /** Causal, of a target. */
    DECODER,
    /** From a target to its source. */
    CROSS
  }

  /** Looks at nothing. */
  Probe NONE = new Probe() {};

  /**
   * Where an attention shall leave its weights.
   *
   * @param queries T: rows of the batch
   * @return F32 [T, heads, maxKeys], or nothing if they are not wanted
   */
  default Optional<Tensor> weights(Stage stage, long queries, int heads, int maxKeys) {
    return Optional.empty();
  }

  /**
   * Told the embeddings, and then what each layer has made of them.
   *
   * @param x F32 [T, hidden]; valid until the next op
   */
  default void hiddenState(Stage stage, Tensor x) {}
}
