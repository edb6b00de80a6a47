package dev.heed;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Compares floating-point results. */
public final class Close {
  private Close() {}

  /** Asserts that values differ by at most {@code limit} (1 + |expected|). */
  public static void assertClose(double[] expected, double[] got, double limit) {
    assertEquals(expected.length, got.length);
    for (int i = 0; i < got.length; i++) {
      double most = limit * (1 + Math.abs(expected[i]));
      assertEquals(expected[i], got[i], most, "element " + i);
    }
  }
}
