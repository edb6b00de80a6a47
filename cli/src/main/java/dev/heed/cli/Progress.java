package dev.heed.cli;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on stderr, where a person watches and the work takes longer than a moment. */
final class Progress implements AutoCloseable {
  private static final long MOMENT_NANOS = 400_000_000L;
  private static final int WIDTH = 80;

  private final Io io;
  private final String task;
  private final String unit;
  private final long unitSize;
  private final long start = System.nanoTime();
  private ProgressBar bar;

  /**
   * A bar that is not shown yet.
   *
   * @param unit such as {@code " MiB"}
   * @param unitSize steps in one unit
   */
  Progress(Io io, String task, String unit, long unitSize) {
    this.io = io;
    this.task = task;
    this.unit = unit;
    this.unitSize = unitSize;
  }

  /** Shows how much is done. */
  void at(long done, long total) {
    if (bar == null && io.terminal() && System.nanoTime() - start > MOMENT_NANOS) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(task)
              .setUnit(unit, unitSize)
              .setStyle(ProgressBarStyle.ASCII)
              .setInitialMax(total)
              .setConsumer(new ConsoleProgressBarConsumer(io.err(), WIDTH))
              .build();
    }
    if (bar != null) {
      bar.stepTo(done);
    }
  }

  /** Shows how much is done, and of what. */
  void at(long done, long total, String part) {
    at(done, total);
    if (bar != null) {
      bar.setExtraMessage(part);
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
