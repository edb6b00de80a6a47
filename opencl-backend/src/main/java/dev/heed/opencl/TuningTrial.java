package dev.heed.opencl;

import dev.heed.device.CommandQueue;
import dev.heed.device.DeviceException;
import dev.heed.device.Tuner.Work;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Times tunings on some work. What the ops write is kept and written back, and results are compared
 * with those of {@link Tuning#defaults}.
 */
final class TuningTrial implements AutoCloseable {
  private static final int SAMPLES = 5;
  private static final long SAMPLE_NANOS = 2_000_000;
  private static final int MOST_LAUNCHES = 200;

  /**
   * What a tuning is worth.
   *
   * @param millis of all the work, medians of several runs; of a part if it was stopped, or
   *     infinite if it failed
   * @param failure why it cannot be used
   */
  record Outcome(double millis, Optional<String> failure) {}

  /** Contents of what an op writes: before it runs, and after. */
  private record Kept(Work work, List<MemorySegment> before, List<MemorySegment> after) {
    List<Tensor> outputs() {
      return work.op().outputs();
    }
  }

  private final OpenClDevice device;
  private final Programs programs;
  private final Tuning standard;
  private final Arena arena = Arena.ofShared();
  private final OpenClBuffer scratch;
  private final List<Kept> all = new ArrayList<>();

  /**
   * A trial of tunings on some work.
   *
   * @throws DeviceException if the kernels do not even run with the numbers they come with
   */
  TuningTrial(OpenClDevice device, List<Work> work) {
    this.device = device;
    programs = device.temporaryPrograms();
    standard = Tuning.defaults().fitting(device.driver(), device.family());
    try {
      long bytes = work.stream().mapToLong(w -> device.scratchBytes(w.op())).max().orElse(0);
      scratch = (OpenClBuffer) device.allocate(bytes, Usage.WORKSPACE, arena);
      try (OpenClQueue queue = device.queue(programs, standard, scratch)) {
        for (Work w : work) {
          List<MemorySegment> before = download(queue, w.op());
          w.inputs().forEach((tensor, host) -> queue.upload(host, tensor));
          queue.execute(w.op());
          List<MemorySegment> after = download(queue, w.op());
          all.add(new Kept(w, before, after));
          restore(queue, all.getLast());
        }
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private List<MemorySegment> download(CommandQueue queue, Op op) {
    List<MemorySegment> contents = new ArrayList<>();
    for (Tensor t : op.outputs()) {
      MemorySegment host = arena.allocate(Math.max(1, t.byteSize()), 64).asSlice(0, t.byteSize());
      queue.download(t, host);
      contents.add(host);
    }
    queue.synchronize();
    return contents;
  }

  private static void restore(CommandQueue queue, Kept kept) {
    for (int i = 0; i < kept.before.size(); i++) {
      queue.upload(kept.before.get(i), kept.outputs().get(i));
    }
    kept.work.inputs().forEach((tensor, host) -> queue.upload(host, tensor));
    queue.synchronize();
  }

  /**
   * Measures a tuning.
   *
   * @param limit milliseconds after which it has lost
   * @throws DeviceException if the device works no more with its usual numbers either
   */
  Outcome measure(Tuning tuning, double limit) {
    try (OpenClQueue queue = device.queue(programs, tuning, scratch)) {
      queue.prepare(all.stream().map(k -> k.work.op()).toList());
      double millis = 0;
      for (Kept kept : all) {
        Optional<String> wrong = check(queue, kept);
        if (wrong.isPresent()) {
          restore(queue, kept);
          return new Outcome(Double.POSITIVE_INFINITY, wrong);
        }
        millis += kept.work.times() * median(queue, kept) / 1e6;
        restore(queue, kept);
        if (millis > limit) {
          break;
        }
      }
      return new Outcome(millis, Optional.empty());
    } catch (DeviceException e) {
      requireAlive();
      return new Outcome(Double.POSITIVE_INFINITY, Optional.of(e.getMessage()));
    }
  }

  /** A failed launch may have taken the device with it. */
  private void requireAlive() {
    try (OpenClQueue queue = device.queue(programs, standard, scratch)) {
      queue.execute(all.getFirst().work.op());
      all.forEach(kept -> restore(queue, kept));
    }
  }

  /** Whether the results are those they should be. */
  private Optional<String> check(OpenClQueue queue, Kept kept) {
    restore(queue, kept);
    queue.execute(kept.work.op());
    try (Arena brief = Arena.ofShared()) {
      for (int i = 0; i < kept.after.size(); i++) {
        Tensor t = kept.outputs().get(i);
        MemorySegment got = brief.allocate(Math.max(1, t.byteSize()), 64).asSlice(0, t.byteSize());
        queue.download(t, got);
        queue.synchronize();
        if (!Agreement.of(t.dtype(), kept.after.get(i), got)) {
          return Optional.of("gives other results for " + kept.work.op().name() + " to " + t);
        }
      }
    }
    return Optional.empty();
  }

  /** Nanoseconds of one run. */
  private static double median(OpenClQueue queue, Kept kept) {
    long once = sample(queue, kept, 1);
    int launches = Math.clamp(SAMPLE_NANOS / Math.max(1, once), 1, MOST_LAUNCHES);
    double[] samples = new double[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      samples[i] = (double) sample(queue, kept, launches) / launches;
    }
    Arrays.sort(samples);
    return samples[SAMPLES / 2];
  }

  private static long sample(OpenClQueue queue, Kept kept, int launches) {
    restore(queue, kept);
    long start = System.nanoTime();
    for (int i = 0; i < launches; i++) {
      queue.execute(kept.work.op());
    }
    queue.synchronize();
    return System.nanoTime() - start;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
      programs.close();
    }
  }
}
