package dev.heed.generate;

import java.util.Arrays;

/**
 * An open hypothesis: a token behind another one, back to the prompt.
 *
 * @param parent what it continues; null for the prompt itself
 * @param token its last
 * @param logProb of that token
 * @param sum of all its log-probabilities
 * @param count new tokens
 */
record Beam(Beam parent, int token, float logProb, double sum, int count) {
  /** Nothing but the prompt. */
  static Beam root() {
    return new Beam(null, -1, 0, 0, 0);
  }

  /** One token more. */
  Beam then(int id, float value) {
    return new Beam(this, id, value, sum + value, count + 1);
  }

  /** Prompt and new tokens. */
  int[] text(int[] prompt) {
    int[] text = Arrays.copyOf(prompt, prompt.length + count);
    for (Beam b = this; b.parent != null; b = b.parent) {
      text[prompt.length + b.count - 1] = b.token;
    }
    return text;
  }

  /** It as it stands, with a last token that ends it or without. */
  Hypothesis finish(boolean ended, float score) {
    int[] tokens = Arrays.copyOf(text(new int[0]), ended ? count - 1 : count);
    float[] logProbs = new float[count];
    for (Beam b = this; b.parent != null; b = b.parent) {
      logProbs[b.count - 1] = b.logProb;
    }
    return new Hypothesis(tokens, logProbs, score, ended);
  }
}
