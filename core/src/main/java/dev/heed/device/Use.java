package dev.heed.device;

/** How a weight is read. */
public enum Use {
  /** By MatMul, Linear and GatedLinear. */
  MATRIX,
  /** By Gather. */
  TABLE,
  /** By both: a tied embedding. */
  BOTH,
  /**
   * As MATRIX, by users to whom speed is worth digits: of F16 and BF16 numbers a device may keep
   * fewer, in {@code Layout.ROUNDED}, and round x alike. Results are then as near as products in
   * F16.
   */
  ROUNDED
}
