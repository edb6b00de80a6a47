package dev.heed.device;

/** How a weight is read. */
public enum Use {
  /** By MatMul, Linear and GatedLinear. */
  MATRIX,
  /** By Gather. */
  TABLE,
  /** By both: a tied embedding. */
  BOTH
}
