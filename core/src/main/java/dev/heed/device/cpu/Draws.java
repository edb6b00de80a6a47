package dev.heed.device.cpu;

import dev.heed.op.Philox;
import dev.heed.op.Random;

/** The random numbers of one op: key and step as they lie in memory. */
final class Draws {
  private int key0;
  private int key1;
  private int step;

  /** Takes the state before the op. */
  void of(Random random) {
    long state = Memory.address(random.state());
    key0 = Memory.i32(state);
    key1 = Memory.i32(state + 4);
    step = Memory.i32(state + 8);
  }

  /** Adds 1 to the step in memory, after the op. */
  static void advance(Random random) {
    long step = Memory.address(random.state()) + 8;
    Memory.i32(step, Memory.i32(step) + 1);
  }

  /** Number n of counter (c0, c1, c2, step), in [0, 1). */
  float number(int n, int c0, int c1, int c2) {
    return Philox.uniform(Philox.word(n, c0, c1, c2, step, key0, key1));
  }
}
