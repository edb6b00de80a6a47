package dev.heed.op;

/** How a segment of rows becomes one row. */
public enum PoolKind {
  MEAN,
  FIRST,
  LAST,
  MAX
}
