package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.DeviceException;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.op.Activation;
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
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs are built once, kept on disk, and built again where what was kept is damaged. */
class ProgramsTest {
  @TempDir Path folder;

  @Test
  void theSecondStartBuildsNothing() throws IOException {
    assertEquals(2, programsBuiltBySmallWork());
    assertEquals(2, kept().size());
    assertEquals(0, programsBuiltBySmallWork());
  }

  @Test
  void aDamagedProgramIsBuiltAgain() throws IOException {
    programsBuiltBySmallWork();
    byte[] three = {1, 2, 3};
    Files.write(kept().get(0), three);
    byte[] bytes = Files.readAllBytes(kept().get(1));
    bytes[bytes.length / 2] ^= 1;
    Files.write(kept().get(1), bytes);
    assertEquals(2, programsBuiltBySmallWork());
    assertEquals(0, programsBuiltBySmallWork());
  }

  /** The hash is right and the driver refuses what it guards: a driver of another make. */
  @Test
  void aProgramTheDriverRefusesIsBuiltAgain() throws IOException {
    programsBuiltBySmallWork();
    ProgramCache cache = new ProgramCache(folder);
    for (Path file : kept()) {
      cache.write(file.getFileName().toString(), new byte[] {4, 5, 6, 7});
    }
    assertEquals(2, programsBuiltBySmallWork());
    assertEquals(0, programsBuiltBySmallWork());
  }

  @Test
  void aFolderThatCannotBeWrittenIsNoFailure() throws IOException {
    Path file = folder.resolve("file");
    Files.createFile(file);
    try (OpenClDevice device = Drivers.open(Options.fromProperties().withCache(file))) {
      assertEquals(6, sum(device, 3));
    }
  }

  @Test
  void aFailedBuildNamesTheFileAndHasTheLog() throws Throwable {
    try (OpenClDevice device = Drivers.open(Options.fromProperties().withCache(folder))) {
      Programs.Key broken = new Programs.Key("activate.cl", "-DX=F32 -DOUT=F32 -DFN=no_such_fn");
      DeviceException.KernelBuild e =
          DriverOutput.without(
              () ->
                  assertThrows(
                      DeviceException.KernelBuild.class, () -> device.programs().get(broken)));
      assertTrue(e.getMessage().contains("kernels/opencl/activate.cl"), e.getMessage());
      assertEquals(1, e.getMessage().lines().count(), e.getMessage());
      assertInstanceOf(IllegalStateException.class, e.getCause());
      assertTrue(e.getCause().getMessage().contains("activate.cl:"), e.getCause().getMessage());
    }
  }

  @Test
  void aRecordingBuildsWhatItNeedsBeforeItRuns() {
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = Drivers.open(Options.fromProperties().withCache(folder));
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor x = Tensor.of(device.allocate(64, Usage.STATE, arena), 0, Shape.of(16), DType.F32);
      Op fill = new Op.Fill(x, 2);
      Op tanh = new Op.Activate(x, x, Activation.TANH);
      try (Recording recording = queue.record(List.of(fill, tanh, fill))) {
        assertEquals(2, device.programs().compiled());
        recording.replay();
        queue.synchronize();
        assertEquals(2, device.programs().compiled());
      }
    }
  }

  /** Whoever waits sees how many programs are built, on the first start and not on the second. */
  @Test
  void buildingTellsHowFarItIs() {
    assertEquals(List.of(3, 3), toldWhilePreparing());
    assertEquals(List.of(), toldWhilePreparing());
  }

  /** The largest number of programs done, and of all; nothing if nobody was told. */
  private List<Integer> toldWhilePreparing() {
    List<Integer> told = Collections.synchronizedList(new ArrayList<>());
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = Drivers.open(Options.fromProperties().withCache(folder));
        CommandQueue queue = device.openQueue(0, arena)) {
      device.onBuild((done, all) -> told.addAll(List.of(done, all)));
      Tensor x = Tensor.of(device.allocate(64, Usage.STATE, arena), 0, Shape.of(16), DType.F32);
      Op fill = new Op.Fill(x, 2);
      queue.prepare(List.of(fill, new Op.Activate(x, x, Activation.TANH), new Op.Add(x, x, x)));
      queue.execute(fill);
      queue.synchronize();
    }
    int most = told.stream().mapToInt(i -> i).max().orElse(0);
    return told.isEmpty() ? List.of() : List.of(most, told.getLast());
  }

  private List<Path> kept() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /** Runs two kernels on a device of its own. */
  private int programsBuiltBySmallWork() {
    try (OpenClDevice device = Drivers.open(Options.fromProperties().withCache(folder))) {
      assertEquals(5, sum(device, 2.5f));
      return device.programs().compiled();
    }
  }

  /** v + v, filled and added on the device. */
  static float sum(OpenClDevice device, float v) {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor x = Tensor.of(device.allocate(64, Usage.STATE, arena), 0, Shape.of(16), DType.F32);
      queue.execute(new Op.Fill(x, v));
      queue.execute(new Op.Add(x, x, x));
      MemorySegment got = arena.allocate(64);
      queue.download(x, got);
      queue.synchronize();
      return got.getAtIndex(ValueLayout.JAVA_FLOAT, 15);
    }
  }
}
