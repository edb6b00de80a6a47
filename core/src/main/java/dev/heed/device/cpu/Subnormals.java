package dev.heed.device.cpu;

/**
 * Whether this processor multiplies subnormal numbers as fast as others. Then an int below 2^24 is
 * a float without conversion: its bits, read as a float, are the number times 2^-149. AMD's Zen
 * does; many others stop for a hundred cycles and more. Bits do not depend on it.
 */
final class Subnormals {
  /** Measured once; {@code -Dheed.cpu.subnormals=true|false} decides instead. */
  static final boolean FAST = decide(System.getProperty("heed.cpu.subnormals", ""));

  private static final int TRIALS = 16;
  private static final int TERMS = 512;

  private Subnormals() {}

  private static boolean decide(String wanted) {
    if (!wanted.isEmpty()) {
      return Boolean.parseBoolean(wanted);
    }
    // The fastest of several, in turns: a trial takes microseconds and may be disturbed.
    long normal = Long.MAX_VALUE;
    long subnormal = Long.MAX_VALUE;
    float sum = 0;
    float small = 0;
    for (int i = 0; i < TRIALS; i++) {
      long start = System.nanoTime();
      sum += products(0x1p-100f);
      long middle = System.nanoTime();
      small += products(0x1p-140f);
      normal = Math.min(normal, middle - start);
      subnormal = Math.min(subnormal, System.nanoTime() - middle);
    }
    // A native library may have had them taken as zeros.
    return sum > 0 && small > 0 && 2 * subnormal < 3 * normal;
  }

  private static float products(float small) {
    float sum = 0;
    for (int i = 1; i <= TERMS; i++) {
      sum += i * 0x1p110f * small;
    }
    return sum;
  }
}
