package dev.heed.tensor;

/** How a tensor's elements lie in its buffer. */
public enum Layout {
  /**
   * The last dimension varies fastest; indices of dimension 0 are {@code rowStride} elements apart.
   */
  ROW_MAJOR,
  /**
   * The owning device's secret, made by {@code Device.pack}; only {@code CommandQueue.download}
   * gives row-major values back.
   */
  DEVICE,
  /**
   * The same of a weight for {@code Use.ROUNDED} that the device keeps in fewer digits: products
   * with it round x alike, and {@code download} gives what was kept.
   */
  ROUNDED
}
