package dev.heed.tck.reference;

/**
 * Philox-4x32-10, a counter-based generator: four words of random bits out of a counter of four
 * words and a key of two. Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2,
 * 3" (2011), section 3.3 and table 2.
 */
public final class Philox {
  private static final int ROUNDS = 10;
  private static final long M0 = 0xD2511F53L;
  private static final long M1 = 0xCD9E8D57L;

  /** Golden ratio. */
  private static final int W0 = 0x9E3779B9;

  /** sqrt(3) - 1. */
  private static final int W1 = 0xBB67AE85;

  private Philox() {}

  /** The four words of counter (c0, c1, c2, c3) under key (k0, k1). */
  public static int[] words(int c0, int c1, int c2, int c3, int k0, int k1) {
    int[] x = {c0, c1, c2, c3};
    for (int r = 0; r < ROUNDS; r++) {
      long p0 = M0 * Integer.toUnsignedLong(x[0]);
      long p1 = M1 * Integer.toUnsignedLong(x[2]);
      x =
          new int[] {
            (int) (p1 >>> 32) ^ x[1] ^ (k0 + r * W0),
            (int) p1,
            (int) (p0 >>> 32) ^ x[3] ^ (k1 + r * W1),
            (int) p0
          };
    }
    return x;
  }

  /** A word as a number in [0, 1), as {@link dev.heed.op.Random} defines it. */
  public static double uniform(int word) {
    return (word >>> 8) * 0x1p-24;
  }

  /**
   * The number that an op draws.
   *
   * @param state seed low, seed high, step
   * @param n which of the counter's four
   */
  static double draw(double[] state, int c0, int c1, int c2, int n) {
    return uniform(words(c0, c1, c2, (int) state[2], (int) state[0], (int) state[1])[n]);
  }
}
