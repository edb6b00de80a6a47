package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.Tuner;
import dev.heed.device.Tuner.Work;
import dev.heed.device.Usage;
import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tuning measures, checks, stores, and is in use when the device opens again. */
class OpenClTunerTest {
  @TempDir Path folder;

  /** A small search over element kernels and, where rows are shared, norms. */
  @ParameterizedTest
  @CsvSource({"CPU, false", "LOCAL, true", "SUBGROUP, true"})
  void whatIsFoundIsStoredAndUsed(Family family, boolean staged) throws IOException {
    Options options = options(family).withStaged(staged);
    Map<String, Integer> chosen;
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = Drivers.open(options)) {
      assertFalse(device.tuning().origin().equals("heed tune"));
      Tensor x = normal(device, arena, 8, 64);
      MemorySegment before = contents(device, x, arena);
      AtomicInteger last = new AtomicInteger();
      Tuner.Result result =
          device.tuner().orElseThrow().tune(work(x), 2, (done, all, kernels) -> last.set(done));
      List<String> kernels = result.choices().stream().map(Tuner.Choice::kernels).toList();
      assertEquals(
          family == Family.CPU ? List.of("elements") : List.of("elements", "rows"), kernels);
      assertTrue(last.get() >= 2, last.toString());
      for (Tuner.Choice c : result.choices()) {
        assertTrue(c.tried() == 2, c.toString());
        assertEquals(List.of(), c.skipped());
        assertTrue(c.millisBefore() > 0 && c.millisChosen() <= c.millisBefore(), c.toString());
      }
      chosen = result.choices().getLast().chosen();
      assertEquals(folder.resolve("tuning"), result.file().orElseThrow().getParent());
      assertEquals(-1, before.mismatch(contents(device, x, arena)), "what ops wrote is restored");
    }
    try (OpenClDevice device = Drivers.open(options)) {
      assertEquals("heed tune", device.tuning().origin());
      assertEquals("heed tune", device.info().tuning());
      Tunable.Group group = family == Family.CPU ? Tunable.Group.ELEMENTS : Tunable.Group.ROWS;
      device
          .tuning()
          .of(group)
          .forEach((tunable, value) -> assertEquals(chosen.get(tunable.macro()), value));
      assertEquals(7, ProgramsTest.sum(device, 3.5f));
    }
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = Drivers.open(options);
        CommandQueue queue = device.openQueue(0, arena)) {
      List<Op> ops = work(normal(device, arena, 8, 64)).stream().map(Work::op).toList();
      queue.record(ops).close();
      assertEquals(0, device.programs().compiled(), "tuning has built what the next start needs");
    }
  }

  @Test
  void whatWasStoredBeforeStays() throws IOException {
    Options options = options(Family.CPU);
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = Drivers.open(options)) {
      TuningFile file = new TuningFile(folder, device.driver(), Family.CPU);
      file.write(Map.of(Tunable.MATMUL_ROWS, 8));
      device.tuner().orElseThrow().tune(work(normal(device, arena, 4, 4)), 1, (d, a, k) -> {});
      Map<Tunable, Integer> stored = file.read().orElseThrow();
      assertEquals(8, stored.get(Tunable.MATMUL_ROWS));
      assertTrue(stored.containsKey(Tunable.ELEMENTS_GROUP), stored.toString());
    }
  }

  @Test
  void whatIsDamagedIsIgnoredAtTheNextStart() throws IOException {
    Options options = options(Family.CPU);
    String untuned;
    try (OpenClDevice device = Drivers.open(options)) {
      untuned = device.tuning().origin();
      TuningFile file = new TuningFile(folder, device.driver(), Family.CPU);
      Path path = file.write(Map.of(Tunable.ELEMENTS_GROUP, 16));
      Files.writeString(path, Files.readString(path).replace("16", "17"));
    }
    try (OpenClDevice device = Drivers.open(options)) {
      assertTrue(untuned.startsWith("priors of cpu"), untuned);
      assertEquals(untuned, device.tuning().origin());
      assertEquals(7, ProgramsTest.sum(device, 3.5f));
    }
  }

  @Test
  void whoeverListensMayEndIt() {
    Options options = options(Family.CPU);
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = Drivers.open(options)) {
      List<Work> work = work(normal(device, arena, 4, 4));
      Tuner tuner = device.tuner().orElseThrow();
      Tuner.Listener impatient =
          (done, all, kernels) -> {
            throw new IllegalStateException("enough");
          };
      assertThrows(IllegalStateException.class, () -> tuner.tune(work, 3, impatient));
      TuningFile file = new TuningFile(folder, device.driver(), Family.CPU);
      assertEquals(Optional.empty(), file.read());
    }
  }

  /** A group too large for the device fails to launch or to build, and does not count. */
  @Test
  void aCandidateThatFailsIsSkippedWithItsReason() throws Throwable {
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = Drivers.open(options(Family.LOCAL));
        TuningTrial trial = new TuningTrial(device, work(normal(device, arena, 8, 64)))) {
      Tuning broken = device.tuning().with(Map.of(Tunable.ROWS_LANES, 1 << 20), "test");
      TuningTrial.Outcome outcome =
          DriverOutput.without(() -> trial.measure(broken, Double.POSITIVE_INFINITY));
      assertTrue(outcome.failure().isPresent());
      assertTrue(Double.isInfinite(outcome.millis()));
      TuningTrial.Outcome good = trial.measure(device.tuning(), Double.POSITIVE_INFINITY);
      assertEquals(Optional.empty(), good.failure());
    }
  }

  /** LANES must be a power of 2: with another, the tree forgets some sums. */
  @Test
  void aCandidateWithOtherResultsIsSkipped() {
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = Drivers.open(options(Family.LOCAL));
        TuningTrial trial = new TuningTrial(device, work(normal(device, arena, 8, 64)))) {
      Tuning wrong = device.tuning().with(Map.of(Tunable.ROWS_LANES, 7), "test");
      TuningTrial.Outcome outcome = trial.measure(wrong, Double.POSITIVE_INFINITY);
      assertTrue(outcome.failure().orElse("").contains("other results"), outcome.toString());
    }
  }

  private Options options(Family family) {
    return Options.fromProperties().withCache(folder).withFamily(family).withTuning("");
  }

  /** An element-wise op and a norm, both in place. */
  private static List<Work> work(Tensor x) {
    return List.of(
        new Work(new Op.Add(x, x, x), 1),
        new Work(new Op.Norm(x, x, Optional.empty(), Optional.empty(), 1e-5f, NormKind.LAYER), 2));
  }

  private static Tensor normal(OpenClDevice device, Arena arena, int rows, int columns) {
    Tensor x =
        Tensor.of(
            device.allocate(4L * rows * columns, Usage.STATE, arena),
            0,
            Shape.of(rows, columns),
            DType.F32);
    MemorySegment host = arena.allocate(x.byteSize(), 4);
    Random random = new Random(1);
    for (long i = 0; i < rows * columns; i++) {
      host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    try (CommandQueue queue = device.openQueue(0, arena)) {
      queue.upload(host, x);
      queue.synchronize();
    }
    return x;
  }

  private static MemorySegment contents(OpenClDevice device, Tensor x, Arena arena) {
    MemorySegment host = arena.allocate(x.byteSize(), 4);
    try (CommandQueue queue = device.openQueue(0, arena)) {
      queue.download(x, host);
      queue.synchronize();
    }
    return host;
  }
}
