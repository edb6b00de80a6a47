package dev.heed.device.cpu;

/**
 * An op that treats rows one by one: shares them among the threads. A queue has one object of each
 * kind, whose fields hold the present op; nothing is allocated when it runs.
 */
abstract class RowKernel implements Workers.Task {
  /** Elements a task should at least have: some microseconds of work. */
  private static final long GRAIN = 8192;

  final Workers workers;
  final RowMath math;
  private long rows;
  private long rowsPerTask;

  RowKernel(CpuDevice device) {
    workers = device.workers();
    math = device.math();
  }

  /** Treats rows {@code from} to {@code to}. */
  abstract void rows(long from, long to, int worker);

  /**
   * Has rows 0 to {@code n} treated.
   *
   * @param work elements one row touches, roughly
   */
  final void forRows(long n, long work) {
    rows = n;
    long grain = Math.max(1, GRAIN / Math.max(1, work));
    rowsPerTask = Math.max(grain, (n + Integer.MAX_VALUE - 1) / Integer.MAX_VALUE);
    long tasks = (n + rowsPerTask - 1) / rowsPerTask;
    workers.parallel((int) tasks, this);
  }

  @Override
  public final void run(int index, int worker) {
    long from = index * rowsPerTask;
    rows(from, Math.min(rows, from + rowsPerTask), worker);
  }
}
