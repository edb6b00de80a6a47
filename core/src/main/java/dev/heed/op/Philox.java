package dev.heed.op;

/**
 * Philox-4x32-10, the counter-based random numbers of Salmon et al. 2011: ten rounds on four words
 * under a key of two. The numbers every op that draws must use, see {@link Random}.
 */
public final class Philox {
  private static final int M0 = 0xD2511F53;
  private static final int M1 = 0xCD9E8D57;
  private static final int W0 = 0x9E3779B9;
  private static final int W1 = 0xBB67AE85;

  private Philox() {}

  /** Word {@code n} (0 to 3) of the block at counter (c0, c1, c2, c3) under key (k0, k1). */
  public static int word(int n, int c0, int c1, int c2, int c3, int k0, int k1) {
    for (int round = 0; round < 10; round++) {
      long p0 = (M0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long p1 = (M1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      int n0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      int n2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c1 = (int) p1;
      c3 = (int) p0;
      c0 = n0;
      c2 = n2;
      k0 += W0;
      k1 += W1;
    }
    return switch (n) {
      case 0 -> c0;
      case 1 -> c1;
      case 2 -> c2;
      default -> c3;
    };
  }

  /** A word as a number in [0, 1): its upper 24 bits times 2^-24. */
  public static float uniform(int word) {
    return (word >>> 8) * 0x1p-24f;
  }
}
