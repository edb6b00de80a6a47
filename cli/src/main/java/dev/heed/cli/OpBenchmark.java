package dev.heed.cli;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.Workspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Measures one op: warms up, then takes the median of synchronised runs, or of some in a row.
 * Several copies of the operands take turns where {@link #copies} says so, so that weights come
 * from memory and not from a cache, as in a model.
 */
abstract class OpBenchmark implements Callable<Integer> {
  private static final int FEWEST_SAMPLES = 5;
  private static final int MOST_SAMPLES = 100_000;
  private static final int MOST_IN_A_ROW = 10_000;

  /** Lowerings keep small intermediate results there. */
  private static final long WORKSPACE_BYTES = 1 << 20;

  private final Io io;

  @Spec CommandSpec spec;
  @Mixin private DeviceOptions device;

  @Option(
      names = "--seconds",
      paramLabel = "X",
      description = "How long to measure, after half of that to warm up. Default: 1.")
  private double seconds = 1;

  @Option(
      names = "--in-a-row",
      paramLabel = "N",
      description =
          "How many runs follow one another before the host waits for them, as ops do in a model;"
              + " a run's time is their mean. Default: 1.")
  private int inARow = 1;

  @Option(names = "--json", description = "Write one JSON object.")
  private boolean json;

  OpBenchmark(Io io) {
    this.io = io;
  }

  /** Makes sure that the options make sense. */
  abstract void check();

  /** One op with its operands. */
  abstract Op op(Operands operands);

  /** Floating-point operations of one run. */
  abstract double flops();

  /** Bytes one run reads and writes at least. */
  abstract double bytes();

  /** Sets of operands that take turns. */
  int copies() {
    return 1;
  }

  @Override
  public final Integer call() throws IOException {
    check();
    if (!(seconds > 0 && seconds <= 600)) {
      throw Usage.error(spec, "--seconds " + seconds + ": want more than 0 and at most 600");
    }
    if (inARow < 1 || inARow > MOST_IN_A_ROW) {
      throw Usage.error(spec, "--in-a-row " + inARow + ": want 1 to " + MOST_IN_A_ROW);
    }
    try (Device on = device.open(io);
        Arena arena = Arena.ofShared()) {
      List<Op> ops = new ArrayList<>();
      try (CommandQueue setup = on.openQueue(0, arena)) {
        Operands operands = new Operands(on, setup, arena);
        for (int i = 0; i < copies(); i++) {
          ops.add(op(operands));
        }
      }
      try (CommandQueue queue = on.openQueue(on.scratchBytes(ops.getFirst()), arena)) {
        Ops run = new Ops(queue, new Workspace(on, WORKSPACE_BYTES, arena));
        samples(run, ops, seconds / 2);
        report(on, samples(run, ops, seconds));
      }
    }
    return 0;
  }

  /** Seconds of a run, of each {@link #inARow}. */
  private double[] samples(Ops run, List<Op> ops, double seconds) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    double[] taken = new double[MOST_SAMPLES];
    int n = 0;
    int next = 0;
    while (n < FEWEST_SAMPLES || (n < MOST_SAMPLES && System.nanoTime() < end)) {
      Interrupt.check();
      long start = System.nanoTime();
      for (int i = 0; i < inARow; i++) {
        run.run(ops.get(next++ % ops.size()));
      }
      run.queue().synchronize();
      taken[n++] = (System.nanoTime() - start) / 1e9 / inARow;
    }
    return Arrays.copyOf(taken, n);
  }

  private void report(Device on, double[] samples) throws IOException {
    Arrays.sort(samples);
    double median = samples[samples.length / 2];
    double gflops = flops() / median / 1e9;
    double rate = bytes() / median / 1e9;
    if (!json) {
      io.out()
          .printf(
              Locale.ROOT,
              "%.1f GFLOP/s, %.1f GB/s, median %.1f us, fastest %.1f us, %d runs on %s%n",
              gflops,
              rate,
              median * 1e6,
              samples[0] * 1e6,
              samples.length * inARow,
              on.info().id());
      return;
    }
    io.out()
        .println(
            Json.object(
                g -> {
                  Json.measure(g, "gflops", gflops);
                  Json.measure(g, "gbPerSecond", rate);
                  Json.measure(g, "medianMicros", median * 1e6);
                  Json.measure(g, "minMicros", samples[0] * 1e6);
                  Json.measure(g, "maxMicros", samples[samples.length - 1] * 1e6);
                  g.writeNumberField("runs", samples.length * inARow);
                  g.writeStringField("op", spec.name());
                  g.writeStringField("device", on.info().id());
                }));
  }
}
