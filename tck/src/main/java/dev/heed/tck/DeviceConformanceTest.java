package dev.heed.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.heed.device.Device;
import dev.heed.tck.check.CaseRunner;
import dev.heed.tck.check.LargeChecks;
import dev.heed.tck.check.LifecycleChecks;
import dev.heed.tck.check.RecordingChecks;
import dev.heed.tck.check.RowChecks;
import dev.heed.tck.golden.GoldenCase;
import dev.heed.tck.golden.GoldenRunner;
import dev.heed.tck.golden.OnnxCases;
import dev.heed.tck.golden.PyTorchCases;
import dev.heed.tck.golden.QuantCases;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * What every device has to pass. Extend it, say how to open the device, and run it with JUnit:
 *
 * <pre>{@code
 * class MyDeviceTest extends DeviceConformanceTest {
 *   protected Device open() {
 *     return new MyDevice();
 *   }
 * }
 * }</pre>
 *
 * <p>Every op is compared with a reference in F64, on tensors of awkward shapes that lie between
 * guards; see the module's README for what else is checked.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class DeviceConformanceTest {
  private Device bare;
  private Device device;

  /** For subclasses. */
  protected DeviceConformanceTest() {}

  /** Opens the device; the suite closes it. */
  protected abstract Device open();

  /** Seed of all random data. */
  protected long seed() {
    return 20260101;
  }

  /**
   * Whether a case, {@code Op: name}, is run; all are. For further classes that test other kernels
   * of the same device, where building them takes long.
   */
  protected boolean takes(String name) {
    return true;
  }

  @BeforeAll
  void openDevice() {
    bare = open();
    device = new AssertingDevice(bare);
  }

  @AfterAll
  void closeDevice() {
    if (device != null) { // null where there was nothing to open
      device.close();
      device.close(); // twice is harmless
    }
  }

  /** The device under test, behind checks of its contract. */
  protected final Device device() {
    return device;
  }

  @Test
  void everyOpHasCases() {
    Set<Class<?>> without = new HashSet<>(OpCases.ops());
    OpCases.all(device.info().computeTypes()).forEach(c -> without.remove(c.op()));
    assertEquals(Set.of(), without, "ops without cases");
  }

  /** Every case, or those whose {@code Op: name} contains the pattern {@code heed.tck.cases}. */
  @TestFactory
  Stream<DynamicNode> ops() {
    CaseRunner runner = new CaseRunner(device, seed());
    Pattern wanted = Pattern.compile(System.getProperty("heed.tck.cases", ""));
    Map<String, List<OpCase>> byOp =
        OpCases.all(device.info().computeTypes()).stream()
            .filter(c -> wanted.matcher(c.toString()).find() && takes(c.toString()))
            .collect(
                Collectors.groupingBy(
                    c -> c.op().getSimpleName(), TreeMap::new, Collectors.toList()));
    return byOp.entrySet().stream()
        .sorted(Map.Entry.comparingByKey(Comparator.naturalOrder()))
        .map(
            e ->
                dynamicContainer(
                    e.getKey(),
                    e.getValue().stream().map(c -> dynamicTest(c.name(), () -> runner.run(c)))));
  }

  /** The ONNX standard's cases, where {@code -Dheed.shared} leads to them. */
  @TestFactory
  Stream<DynamicNode> onnx() {
    List<GoldenCase> cases = OnnxCases.all(Shared.require("golden/onnx-ops"));
    assertEquals(99, cases.size(), "cases of the ONNX standard");
    return golden(cases);
  }

  /** PyTorch's attention and ops. */
  @TestFactory
  Stream<DynamicNode> pyTorch() {
    return golden(PyTorchCases.all(Shared.require("golden/pytorch")));
  }

  /** ggml's block formats. */
  @TestFactory
  Stream<DynamicNode> quants() {
    return golden(QuantCases.all(Shared.require("golden/quant-vectors")));
  }

  private Stream<DynamicNode> golden(List<GoldenCase> cases) {
    GoldenRunner runner = new GoldenRunner(device);
    return cases.stream()
        .filter(c -> takes(c.name()))
        .map(c -> dynamicTest(c.name(), () -> runner.run(c)));
  }

  /** A row alone, among few and among many has the same bits. */
  @TestFactory
  Stream<DynamicNode> rowsDoNotDependOnTheirBatch() {
    RowChecks checks = new RowChecks(device, seed());
    return checks.names().map(n -> dynamicTest(n, () -> checks.run(n)));
  }

  @TestFactory
  Stream<DynamicNode> lifecycle() {
    return new LifecycleChecks(device, bare)
        .all().entrySet().stream().map(e -> dynamicTest(e.getKey(), e.getValue()::run));
  }

  @Test
  void replaysSeeStateMoveOn() {
    new RecordingChecks(device).decode();
  }

  /** Needs {@code -Dheed.tck.large=true}. */
  @Test
  void sizesPastTwoGiB() {
    assumeTrue(Boolean.getBoolean("heed.tck.large"), "-Dheed.tck.large=true allocates 9 GB");
    assumeTrue(
        device.info().maxAllocationBytes() > LargeChecks.bytes(), "the device has not the memory");
    new LargeChecks(device).run();
  }

  /**
   * Where the table of what the device supports is checked in; a change then fails until it is
   * written anew with {@code -Dheed.tck.update=true}. Nothing is compared by default.
   */
  protected Optional<Path> supportMatrix() {
    return Optional.empty();
  }

  @Test
  void supportsWhatItSaid() throws IOException {
    Path file = supportMatrix().orElse(null);
    assumeTrue(file != null, "no support matrix is checked in");
    String now = SupportMatrix.of(device);
    if (Boolean.getBoolean("heed.tck.update")) {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(file, now);
    }
    String before = Files.exists(file) ? Files.readString(file) : "";
    String changes = SupportMatrix.difference(before, now);
    assertEquals(
        "",
        changes,
        () -> "%s is out of date; -Dheed.tck.update=true writes it:%n%s".formatted(file, changes));
  }
}
