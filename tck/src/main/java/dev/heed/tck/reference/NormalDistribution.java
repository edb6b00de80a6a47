package dev.heed.tck.reference;

/** The error function, to about 1e-15. Abramowitz and Stegun 1964, 7.1.6 and 7.1.14. */
final class NormalDistribution {
  private NormalDistribution() {}

  /** 1 - erf(x) = 2 / sqrt(pi) times the integral of exp(-t^2) from x on. */
  static double erfc(double x) {
    if (x < 0) {
      return 2 - erfc(-x);
    }
    return x < 2.5 ? 1 - series(x) : fraction(x);
  }

  /** erf(x) = 2 / sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (1 3 5 .. (2n+1)): all terms positive. */
  private static double series(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; term > sum * 1e-18; n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  /** sqrt(pi) exp(x^2) erfc(x) = 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ..)))), from behind. */
  private static double fraction(double x) {
    double f = x;
    for (int n = 200; n >= 1; n--) {
      f = x + n / 2.0 / f;
    }
    return Math.exp(-x * x) / (Math.sqrt(Math.PI) * f);
  }
}
