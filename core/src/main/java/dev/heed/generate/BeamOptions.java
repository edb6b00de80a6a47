package dev.heed.generate;

/**
 * How wide a beam search is and what it prefers. Immutable; each method gives a copy with one
 * setting changed.
 *
 * @param beams hypotheses kept at each step
 * @param nBest how many are wanted at the end, at most {@code beams}
 * @param lengthPenalty alpha of {@link Convention}
 * @param earlyStopping end once as many hypotheses as beams are finished, without a look at what
 *     the open ones may become
 * @param convention whose rules hold
 */
public record BeamOptions(
    int beams, int nBest, float lengthPenalty, boolean earlyStopping, Convention convention) {

  /**
   * @throws IllegalArgumentException naming the setting that is out of range
   */
  public BeamOptions {
    if (beams < 1) {
      throw new IllegalArgumentException("beams " + beams + ": want at least 1");
    }
    if (nBest < 1 || nBest > beams) {
      throw new IllegalArgumentException(
          "n-best %d: want 1 to %d, the number of beams".formatted(nBest, beams));
    }
    if (!Float.isFinite(lengthPenalty)) {
      throw new IllegalArgumentException("length penalty " + lengthPenalty + ": want a number");
    }
  }

  /** The best of so many beams, length penalty 1, as Hugging Face transformers has it. */
  public static BeamOptions of(int beams) {
    return new BeamOptions(beams, 1, 1, false, Convention.HUGGING_FACE);
  }

  /**
   * The score of a hypothesis.
   *
   * @param sum of the log-probabilities of the new tokens
   * @param prefix tokens of the prefix
   * @param tokens new tokens, the end token included
   * @param ended whether there is an end token
   */
  public float score(double sum, int prefix, int tokens, boolean ended) {
    int n = convention == Convention.HUGGING_FACE ? tokens : prefix + tokens - (ended ? 1 : 0);
    return (float) (sum / Math.pow(Math.max(n, 1), lengthPenalty));
  }

  public BeamOptions nBest(int value) {
    return new BeamOptions(beams, value, lengthPenalty, earlyStopping, convention);
  }

  public BeamOptions lengthPenalty(float value) {
    return new BeamOptions(beams, nBest, value, earlyStopping, convention);
  }

  public BeamOptions earlyStopping(boolean value) {
    return new BeamOptions(beams, nBest, lengthPenalty, value, convention);
  }

  public BeamOptions convention(Convention value) {
    return new BeamOptions(beams, nBest, lengthPenalty, earlyStopping, value);
  }
}
