package dev.heed.cli;

/**
 * A weight in two bytes, as a decimal number of four significant digits: 1 + 9000 d + (m - 1000)
 * stands for m / 10^(3 + d) with m from 1000 to 9999 and d from 0 to 6; 0 for what is less than
 * 10^-6. So a page that reads it shows the digits that rounding the weight itself gives.
 */
final class DecimalCode {
  private static final int DECADES = 7;

  /** What rounds to the next decade's first number. */
  private static final double LEAST = 999.95;

  private static final double[] POWERS = {1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

  private DecimalCode() {}

  /** The code of a weight, which is not negative and less than 10. */
  static char of(float weight) {
    for (int d = 0; d < DECADES; d++) {
      // Exact: 24 bits of weight and at most 21 of a power of five.
      double m = weight * POWERS[d];
      if (m >= LEAST) {
        return (char) (1 + 9000 * d + Math.min(Math.round(m), 9999) - 1000);
      }
    }
    return 0;
  }
}
