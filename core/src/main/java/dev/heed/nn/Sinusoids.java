package dev.heed.nn;

/**
 * Sinusoidal positions, computed in F64 for any length. Pair i of a vector of {@code width} turns
 * with frequency f_i as the position grows (Vaswani et al. 2017, section 3.5):
 *
 * <pre>PE(p, 2i) = sin(f_i p), PE(p, 2i + 1) = cos(f_i p), f_i = 10000^(-2i/width)</pre>
 *
 * <p>A shift by k turns every pair by the angle f_i k, so PE(p + k) is a linear function of PE(p).
 *
 * @param width elements of a vector
 * @param order of sines and cosines
 * @param spacing of the frequencies
 * @param first position of the first token
 */
public record Sinusoids(int width, Order order, Spacing spacing, int first) {
  /** Where sines and cosines lie. */
  public enum Order {
    /** A sine, its cosine, the next sine: the paper. */
    INTERLEAVED,
    /** All sines, then all cosines: tensor2tensor, OpenNMT, Marian. */
    HALVES
  }

  /** How the frequencies fall from 1. */
  public enum Spacing {
    /** f_i = 10000^(-2i/width), which never reaches 1/10000: the paper. */
    PAPER,
    /** f_i = 10000^(-i/(width/2 - 1)), which does with the last pair: tensor2tensor, OpenNMT. */
    TENSOR2TENSOR
  }

  /** The paper's, first position 0. */
  public static Sinusoids paper(int width) {
    return new Sinusoids(width, Order.INTERLEAVED, Spacing.PAPER, 0);
  }

  /** Marian's: the paper's frequencies, sines before cosines. */
  public static Sinusoids marian(int width) {
    return new Sinusoids(width, Order.HALVES, Spacing.PAPER, 0);
  }

  /** Tensor2tensor's; OpenNMT counts its positions from 1. */
  public static Sinusoids tensor2tensor(int width, int first) {
    return new Sinusoids(width, Order.HALVES, Spacing.TENSOR2TENSOR, first);
  }

  /** The frequency of pair {@code i}, in radians a position. */
  public double frequency(int i) {
    return switch (spacing) {
      case PAPER -> Math.pow(10000, -2.0 * i / width);
      case TENSOR2TENSOR -> Math.pow(10000, -(double) i / Math.max(width / 2 - 1, 1));
    };
  }

  /**
   * The vectors of the first {@code count} tokens, F32 [count, width].
   *
   * @throws IllegalArgumentException if they are more numbers than an array holds
   */
  public float[] table(int count) {
    if ((long) count * width > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "sinusoids of %d positions and width %d: more than fit an array".formatted(count, width));
    }
    float[] table = new float[count * width];
    for (int p = 0; p < count; p++) {
      for (int c = 0; c < width; c++) {
        table[p * width + c] = (float) element((double) p + first, c);
      }
    }
    return table;
  }

  /**
   * Column {@code c} of position {@code p}; a width that is odd ends with half a pair, or with 0.
   */
  private double element(double p, int c) {
    int half = width / 2;
    return switch (order) {
      case INTERLEAVED -> wave(p * frequency(c / 2), c % 2 == 1);
      case HALVES -> c < 2 * half ? wave(p * frequency(c % half), c >= half) : 0;
    };
  }

  private static double wave(double angle, boolean cosine) {
    return cosine ? Math.cos(angle) : Math.sin(angle);
  }
}
