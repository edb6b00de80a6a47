package dev.heed.opencl;

/**
 * A fixed part of the suite's cases for kernels that PoCL takes seconds each to compile, built
 * without its optimiser; {@code -Dheed.opencl.whole=true} takes all, optimised.
 */
final class Sample {
  private static final int SHARE = 3;

  private Sample() {}

  private static boolean whole() {
    return Boolean.getBoolean("heed.opencl.whole");
  }

  /** How the devices of these cases are opened. */
  static Options options() {
    return Options.fromProperties().withOptimised(whole());
  }

  /** Whether the {@code nth} part, from 0 to 2, has this case. */
  static boolean has(String name, int nth) {
    return whole() || Math.floorMod(name.hashCode(), SHARE) == nth;
  }
}
