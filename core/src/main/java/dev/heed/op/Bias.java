package dev.heed.op;

import dev.heed.tensor.Tensor;

/**
 * What is added to scaled scores; i counts a sequence's queries from 0, p = queryStart + i is a
 * query's absolute position.
 */
public sealed interface Bias {
  /** Nothing. */
  record None() implements Bias {}

  /**
   * F32 [B or 1, H or 1, maxQueries, maxKeys], read at [b, h, i, j]; -inf masks.
   *
   * @param values the biases
   */
  record Dense(Tensor values) implements Bias {}

  /**
   * T5's relative position bias (Raffel et al. 2020): {@code table[bucket(j - p), h]}, buckets as
   * in Hugging Face's {@code T5Attention._relative_position_bucket}.
   *
   * @param table F32 [buckets, H]
   * @param bidirectional half the buckets for keys behind the query (encoders)
   * @param maxDistance distances from here on share the last bucket
   */
  record Relative(Tensor table, boolean bidirectional, int maxDistance) implements Bias {}

  /**
   * ALiBi (Press et al. 2022): {@code -slopes[h] |j - p|}.
   *
   * @param slopes F32 [H]
   */
  record Alibi(Tensor slopes) implements Bias {}

  /** Nothing to add. */
  Bias NONE = new None();
}
