package dev.heed.nn;

import dev.heed.op.KeyValues;
import dev.heed.op.Sequences;
import dev.heed.tensor.Tensor;

/**
 * T rows of B sequences, one behind the other, that attend within their own sequence and are not
 * cached.
 *
 * @param positions I32 [T]: of each row in its sequence
 * @param seq B sequences that all start at position 0
 * @param starts I32 [B]: first row of each sequence
 * @param lengths I32 [B]
 */
public record Ragged(Tensor positions, Sequences seq, Tensor starts, Tensor lengths) {
  /** Keys and values that lie in the same rows, both [T, KH, dim]. */
  KeyValues keyValues(Tensor k, Tensor v) {
    return new KeyValues.Ragged(k, v, starts, lengths);
  }
}
