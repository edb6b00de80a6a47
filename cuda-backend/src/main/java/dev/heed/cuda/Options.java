package dev.heed.cuda;

/**
 * What system properties say about CUDA devices, read when one is opened. Both are for Hopper and
 * off by default, as no GPU has run them yet: scripts/gpu-check tries them.
 *
 * @param wgmmaTiles {@code heed.cuda.wgmma=N}: products of so many tiles of 128 by 256 and more
 *     take the kernel for warp groups; 0, the default: none do
 * @param early {@code heed.cuda.early=true}: a kernel's launch may begin before the kernel before
 *     it has ended (programmatic dependent launch)
 */
record Options(int wgmmaTiles, boolean early) {
  static final String WGMMA = "heed.cuda.wgmma";
  static final String EARLY = "heed.cuda.early";

  private static final int HOPPER = 90;

  static final Options OFF = new Options(0, false);

  static Options fromProperties() {
    return new Options(Integer.getInteger(WGMMA, 0), Boolean.getBoolean(EARLY));
  }

  /** What of it a GPU has: all or nothing. */
  Options on(int capability) {
    return capability == HOPPER ? this : OFF;
  }

  boolean wgmma() {
    return wgmmaTiles > 0;
  }
}
