package dev.heed.nn;

import java.util.Optional;

/**
 * The angles of rotary position embeddings, computed in F64: position p turns pair m by p *
 * inverseFrequency[m], where inverseFrequency[m] = theta^(-2m/R) (Su et al. 2021), stretched for
 * long contexts by a {@link Scaling}.
 *
 * @param theta the base
 * @param dimensions R, the rotated elements of a head
 * @param scaling how frequencies are stretched
 * @param factors divisors of the frequencies [R/2], as GGUF's {@code rope_freqs.weight} holds them
 */
public record RotaryTable(
    double theta, int dimensions, Scaling scaling, Optional<float[]> factors) {

  /** How a model trained on a short context reaches a longer one. */
  public sealed interface Scaling {
    /** As trained. */
    record None() implements Scaling {}

    /** All frequencies divided by {@code factor}: position interpolation, Chen et al. 2023. */
    record Linear(double factor) implements Scaling {}

    /**
     * Llama 3.1: wavelengths above {@code original / low} are stretched by {@code factor}, those
     * below {@code original / high} stay, a smooth mix between.
     */
    record Llama3(double factor, double low, double high, double original) implements Scaling {}

    /**
     * YaRN (Peng et al. 2023): interpolates pairs that turn fewer than {@code betaSlow} times in
     * the original context, keeps those that turn more than {@code betaFast} times, a ramp between;
     * cos and sin are multiplied by {@code attention}.
     */
    record Yarn(double factor, double original, double betaFast, double betaSlow, double attention)
        implements Scaling {
      /** The paper's attention factor, 0.1 ln(factor) + 1. */
      public static double defaultAttention(double factor) {
        return factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
      }
    }
  }

  /** [positions, 2, R/2]: cosines, then sines, of each position. */
  public float[] compute(int positions) {
    double[] frequency = inverseFrequencies();
    double magnitude = scaling instanceof Scaling.Yarn y ? y.attention() : 1;
    int half = frequency.length;
    float[] table = new float[Math.multiplyExact(positions, 2 * half)];
    for (int p = 0; p < positions; p++) {
      for (int m = 0; m < half; m++) {
        double angle = p * frequency[m];
        table[2 * p * half + m] = (float) (Math.cos(angle) * magnitude);
        table[(2 * p + 1) * half + m] = (float) (Math.sin(angle) * magnitude);
      }
    }
    return table;
  }

  private double[] inverseFrequencies() {
    double[] f = new double[dimensions / 2];
    for (int m = 0; m < f.length; m++) {
      double base = Math.pow(theta, -2.0 * m / dimensions);
      f[m] = stretch(factors.isPresent() ? base / factors.get()[m] : base, m);
    }
    return f;
  }

  private double stretch(double f, int m) {
    return switch (scaling) {
      case Scaling.None n -> f;
      case Scaling.Linear l -> f / l.factor();
      case Scaling.Llama3 s -> {
        double wavelength = 2 * Math.PI / f;
        if (wavelength < s.original() / s.high()) {
          yield f;
        }
        if (wavelength > s.original() / s.low()) {
          yield f / s.factor();
        }
        double smooth = (s.original() / wavelength - s.low()) / (s.high() - s.low());
        yield (1 - smooth) * f / s.factor() + smooth * f;
      }
      case Scaling.Yarn y -> {
        double low = Math.max(Math.floor(pairOfTurns(y.betaFast(), y.original())), 0);
        double high = Math.min(Math.ceil(pairOfTurns(y.betaSlow(), y.original())), dimensions - 1);
        double ramp = Math.clamp((m - low) / Math.max(high - low, 0.001), 0.0, 1.0);
        yield f / y.factor() * ramp + f * (1 - ramp);
      }
    };
  }

  /** The (fractional) pair that turns {@code turns} times in {@code context} positions. */
  private double pairOfTurns(double turns, double context) {
    return dimensions * Math.log(context / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
  }
}
