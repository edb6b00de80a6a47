package dev.heed.nn;

import dev.heed.op.Bias;

/**
 * Attention with linear biases (Press et al. 2022): no positions in the input; a score falls with
 * the distance of its key, at another rate in each head.
 */
public final class Alibi {
  private Alibi() {}

  /** The bias of {@code heads} heads, put on the device. */
  public static Bias.Alibi bias(Loader loader, int heads) {
    return new Bias.Alibi(loader.upload(() -> slopes(heads), heads));
  }

  /**
   * Slopes of {@code heads} heads: 2^(-8/n), 2^(-16/n), .. 2^-8 for n a power of two. Otherwise
   * those of the power of two below, then every other one of the power of two above, as in the
   * paper's code.
   */
  public static float[] slopes(int heads) {
    float[] slopes = new float[heads];
    int below = Integer.highestOneBit(heads);
    for (int h = 0; h < heads; h++) {
      double exponent = h < below ? (h + 1.0) / below : (h - below + 0.5) / below;
      slopes[h] = (float) Math.pow(2, -8 * exponent);
    }
    return slopes;
  }
}
