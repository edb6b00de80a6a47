package dev.heed.generate;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The likeliest next tokens of each row, likeliest first; valid until the next step.
 *
 * @param k how many for a row
 * @param logProbs F32 [rows, k]
 * @param ids I32 [rows, k]
 */
public record Ranking(int k, MemorySegment logProbs, MemorySegment ids) {
  /** Natural logarithm of the probability of the row's {@code i}-th token; -inf if it is banned. */
  public float logProb(int row, int i) {
    return logProbs.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * k + i);
  }

  /** The row's {@code i}-th token. */
  public int id(int row, int i) {
    return ids.getAtIndex(ValueLayout.JAVA_INT, (long) row * k + i);
  }
}
