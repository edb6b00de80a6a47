package dev.heed.device.cpu;

/** Rows of activations in blocks of Q8_0, read by all workers into what a product wants. */
abstract class BlockRows implements Workers.Task {
  /** Elements that one task reads. */
  private static final long TASK = 1 << 15;

  /** The rows. */
  View blocks;

  private long rowsPerTask;

  /** Reads all rows. */
  final void compute(Workers workers) {
    rowsPerTask = Math.max(1, TASK / Math.max(1, blocks.length));
    workers.parallel(Math.toIntExact((blocks.count + rowsPerTask - 1) / rowsPerTask), this);
  }

  @Override
  public final void run(int index, int worker) {
    long end = Math.min(blocks.count, (index + 1) * rowsPerTask);
    for (long row = index * rowsPerTask; row < end; row++) {
      read(row, blocks.at(row));
    }
  }

  /** Reads one row, whose blocks begin at an address. */
  abstract void read(long row, long from);
}
