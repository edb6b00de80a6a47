package dev.heed.generate;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Decodes several sequences at once, the rows of a batch: each step, every row reads a token. What
 * comes next is the caller's choice: {@link GreedySearch}, {@link BeamSearch}. One thread at a
 * time.
 */
public interface BatchDecoder {
  /** The most rows there can be. */
  int maxRows();

  /** Number of ids. */
  int vocabulary();

  /** Positions a row can hold. */
  int context();

  /** Present rows. */
  int rows();

  /**
   * Begins anew: row r reads {@code prompts.get(r)}.
   *
   * @param prompts at most {@link #maxRows}, none of them empty or longer than {@link #context}
   * @param cancelled asked between chunks; once true, the rest is left
   */
  void begin(List<int[]> prompts, BooleanSupplier cancelled);

  /**
   * Every row reads a token. The new row r continues what was row {@code parents[r]}: rows may be
   * forked, moved and dropped.
   *
   * @param ids the token that each new row reads
   */
  void step(int[] parents, int[] ids);

  /**
   * The likeliest next tokens of each row.
   *
   * @param k how many, at most {@link #vocabulary}
   * @param banned ids of each row that must not come next, which get -inf; null for none in any row
   * @param renormalize take banned tokens out before the softmax, so that the others' probabilities
   *     sum to one
   */
  Ranking rank(int k, int[][] banned, boolean renormalize);

  /** F32 [rows, vocabulary]: logits of the next token; the caller may change them. */
  MemorySegment logits();

  /**
   * Reads whole sequences and tells how likely the model finds them. Nothing of what was begun is
   * left afterwards.
   *
   * @param sequences as the prompts of {@link #begin}
   * @return for each sequence of n tokens n - 1 values: log p(token i+1 | tokens 0 to i)
   */
  float[][] logProbs(List<int[]> sequences, BooleanSupplier cancelled);
}
