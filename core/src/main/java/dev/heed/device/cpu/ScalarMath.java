package dev.heed.device.cpu;

import dev.heed.op.Activation;

/** Element-wise functions in F64. */
final class ScalarMath {
  private static final double SQRT_HALF = Math.sqrt(0.5);
  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
  private static final double TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

  private ScalarMath() {}

  static double apply(Activation fn, double x) {
    return switch (fn) {
      case IDENTITY -> x;
      case RELU -> x > 0 || Double.isNaN(x) ? x : 0;
      case GELU -> 0.5 * x * erfc(-x * SQRT_HALF);
      case GELU_TANH -> {
        // x/2 (1 + tanh u) = x sigmoid(2u), which does not cancel for negative u.
        double u = SQRT_2_OVER_PI * (x + 0.044715 * x * x * x);
        yield x * sigmoid(2 * u);
      }
      case SILU -> x * sigmoid(x);
      case TANH -> Math.tanh(x);
      case SIGMOID -> sigmoid(x);
    };
  }

  static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /**
   * The complementary error function: Taylor's series of erf (Abramowitz and Stegun 7.1.6) up to
   * 2.5, the continued fraction (7.1.14) beyond.
   */
  static double erfc(double x) {
    double a = Math.abs(x);
    double tail = a < 2.5 ? 1 - erfSeries(a) : Math.exp(-a * a) * erfcFraction(a);
    return x < 0 ? 2 - tail : tail;
  }

  /** erf(x) = 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (1 3 5 .. (2n+1)): all terms positive. */
  private static double erfSeries(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; term > 1e-17 * sum; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
  }

  /** exp(x^2) erfc(x), evaluated from the 60th level up. */
  private static double erfcFraction(double x) {
    double f = x;
    for (int n = 60; n >= 1; n--) {
      f = x + 0.5 * n / f;
    }
    return 1 / (Math.sqrt(Math.PI) * f);
  }
}
