package dev.heed.opencl;

/**
 * A fixed part of the suite's cases for kernels that PoCL takes seconds each to compile; {@code
 * -Dheed.opencl.whole=true} takes all.
 */
final class Sample {
  private static final int SHARE = 4;

  private Sample() {}

  /** Whether the {@code nth} part, from 0 to 3, has this case. */
  static boolean has(String name, int nth) {
    return Boolean.getBoolean("heed.opencl.whole") || Math.floorMod(name.hashCode(), SHARE) == nth;
  }
}
