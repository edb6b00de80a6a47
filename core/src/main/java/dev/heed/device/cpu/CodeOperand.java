package dev.heed.device.cpu;

/** Rows of x as {@link TileCode} reads them. */
interface CodeOperand {
  /** Rows there are. */
  long rows();

  /** Groups of 32 elements of a row. */
  int groups();

  /** Address of a row. */
  long at(long row);

  /** Bytes from row to row. */
  long stride();
}
