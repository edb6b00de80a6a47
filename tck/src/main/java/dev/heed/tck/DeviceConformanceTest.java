package dev.heed.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.heed.device.Device;
import dev.heed.tck.check.CaseRunner;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
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
  private Device device;

  /** For subclasses. */
  protected DeviceConformanceTest() {}

  /** Opens the device; the suite closes it. */
  protected abstract Device open();

  /** Seed of all random data. */
  protected long seed() {
    return 20260101;
  }

  @BeforeAll
  void openDevice() {
    device = new AssertingDevice(open());
  }

  @AfterAll
  void closeDevice() {
    device.close();
    device.close(); // twice is harmless
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

  @TestFactory
  Stream<DynamicNode> ops() {
    CaseRunner runner = new CaseRunner(device, seed());
    Map<String, List<OpCase>> byOp =
        OpCases.all(device.info().computeTypes()).stream()
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
}
