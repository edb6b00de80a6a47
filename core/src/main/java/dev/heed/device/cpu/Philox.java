package dev.heed.device.cpu;

import dev.heed.op.Random;

/**
 * Philox-4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. Holds the
 * four numbers of the latest counter.
 */
final class Philox {
  private static final long M0 = 0xD2511F53L;
  private static final long M1 = 0xCD9E8D57L;
  private static final int W0 = 0x9E3779B9;
  private static final int W1 = 0xBB67AE85;
  private static final float SCALE = 0x1p-24f;

  private int key0;
  private int key1;
  private int step;
  private int c0;
  private int c1;
  private int c2;
  private boolean drawn;
  private final int[] words = new int[4];

  static Philox[] array(int n) {
    Philox[] all = new Philox[n];
    for (int i = 0; i < n; i++) {
      all[i] = new Philox();
    }
    return all;
  }

  /** Adds 1 to the step of the state in memory. */
  static void advance(Random random) {
    long step = Memory.address(random.state()) + 8;
    Memory.i32(step, Memory.i32(step) + 1);
  }

  /** Takes key and step from the state in memory. */
  Philox seed(Random random) {
    return seed(Memory.address(random.state()));
  }

  /** Takes key and step from the state at this address. */
  Philox seed(long state) {
    key0 = Memory.i32(state);
    key1 = Memory.i32(state + 4);
    step = Memory.i32(state + 8);
    drawn = false;
    return this;
  }

  /** Draws the numbers of the counter (a, b, c, step), unless it is the latest. */
  void at(int a, int b, int c) {
    if (drawn && a == c0 && b == c1 && c == c2) {
      return;
    }
    c0 = a;
    c1 = b;
    c2 = c;
    drawn = true;
    draw();
  }

  private void draw() {
    int x0 = c0;
    int x1 = c1;
    int x2 = c2;
    int x3 = step;
    int k0 = key0;
    int k1 = key1;
    for (int round = 0; round < 10; round++) {
      long p0 = M0 * (x0 & 0xFFFFFFFFL);
      long p1 = M1 * (x2 & 0xFFFFFFFFL);
      x0 = (int) (p1 >>> 32) ^ x1 ^ k0;
      x2 = (int) (p0 >>> 32) ^ x3 ^ k1;
      x1 = (int) p1;
      x3 = (int) p0;
      k0 += W0;
      k1 += W1;
    }
    words[0] = x0;
    words[1] = x1;
    words[2] = x2;
    words[3] = x3;
  }

  /** Word {@code n} of the four, as a number in [0, 1). */
  float get(int n) {
    return (words[n] >>> 8) * SCALE;
  }

  /** Word {@code n} of the four. */
  int word(int n) {
    return words[n];
  }
}
