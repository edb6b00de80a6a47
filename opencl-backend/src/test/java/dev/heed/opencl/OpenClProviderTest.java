package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.DeviceException;
import dev.heed.device.DeviceInfo;
import dev.heed.device.DeviceProvider;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OpenClProviderTest {
  private final OpenClProvider provider = new OpenClProvider();

  @Test
  void theServiceLoaderFindsIt() {
    List<String> names =
        ServiceLoader.load(DeviceProvider.class).stream().map(p -> p.get().name()).toList();
    assertTrue(names.contains("opencl"), names.toString());
  }

  @Test
  void sayingWhyThereIsNoneTakesOneLineAndNeverThrows() {
    for (int again = 0; again < 2; again++) {
      DeviceProvider.Discovery found = provider.discover();
      assertTrue(found.devices().isEmpty());
      String why = found.whyNone().orElseThrow();
      assertEquals(1, why.lines().count(), why);
    }
  }

  /**
   * {@code -Dheed.require.opencl=true} turns the skip into a failure, for machines that test it.
   */
  @Test
  void namesTheDevicesOfAnInstalledDriver() throws IOException {
    if (!Boolean.getBoolean("heed.require.opencl")) {
      assumeTrue(hasDriver(), "no OpenCL driver in /etc/OpenCL/vendors");
    }
    List<String> devices = Cl.devices();
    assertTrue(devices.size() >= 1, "no OpenCL devices");
    String why = provider.discover().whyNone().orElseThrow();
    assertTrue(why.startsWith("found " + devices.getFirst()), why);
    assertTrue(devices.getFirst().matches("\\S.*: \\S.*"), devices.getFirst());
  }

  @Test
  void openingSaysWhyNot() {
    DeviceInfo info =
        new DeviceInfo(
            "opencl", 1, "x", DeviceInfo.Kind.GPU, 1 << 30, 1 << 28, Set.of(DType.F32), "");
    DeviceException.Unavailable e =
        assertThrows(DeviceException.Unavailable.class, () -> provider.open(info));
    assertEquals("opencl:1: " + provider.discover().whyNone().orElseThrow(), e.getMessage());
  }

  private static boolean hasDriver() throws IOException {
    Path vendors = Path.of("/etc/OpenCL/vendors");
    if (!Files.isDirectory(vendors)) {
      return false;
    }
    try (Stream<Path> files = Files.list(vendors)) {
      return files.anyMatch(f -> f.toString().endsWith(".icd"));
    }
  }
}
