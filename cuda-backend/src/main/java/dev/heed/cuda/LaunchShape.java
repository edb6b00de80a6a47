package dev.heed.cuda;

/**
 * The grid and block of the next launch: filled again and again, so that a launch makes no garbage.
 */
final class LaunchShape {
  private int gridX;
  private int gridY;
  private int gridZ;
  private int threads;
  private int sharedBytes;

  /**
   * Sets all of it.
   *
   * @throws IllegalArgumentException if the grid leaves what CUDA takes
   */
  LaunchShape set(long x, long y, long z, int blockThreads, long dynamicSharedBytes) {
    if (x < 1 || x > Integer.MAX_VALUE || y < 1 || y > 65535 || z < 1 || z > 65535) {
      throw new IllegalArgumentException("cuda: a grid of %d x %d x %d blocks".formatted(x, y, z));
    }
    gridX = (int) x;
    gridY = (int) y;
    gridZ = (int) z;
    threads = blockThreads;
    sharedBytes = Math.toIntExact(dynamicSharedBytes);
    return this;
  }

  int gridX() {
    return gridX;
  }

  int gridY() {
    return gridY;
  }

  int gridZ() {
    return gridZ;
  }

  int threads() {
    return threads;
  }

  /** Dynamic shared memory of a block. */
  int sharedBytes() {
    return sharedBytes;
  }

  @Override
  public String toString() {
    return "[%d, %d, %d] x %d, %d B".formatted(gridX, gridY, gridZ, threads, sharedBytes);
  }
}
