package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
  void whereThereAreNoDevicesItSaysWhyOnOneLine() {
    for (int again = 0; again < 2; again++) {
      DeviceProvider.Discovery found = provider.discover();
      assertEquals(found.devices().isEmpty(), found.whyNone().isPresent());
      found.whyNone().ifPresent(why -> assertEquals(1, why.lines().count(), why));
    }
  }

  /**
   * {@code -Dheed.require.opencl=true} turns the skip into a failure, for machines that test it.
   */
  @Test
  void describesTheDevicesOfAnInstalledDriver() throws IOException {
    if (!Boolean.getBoolean("heed.require.opencl")) {
      assumeTrue(hasDriver(), "no OpenCL driver in /etc/OpenCL/vendors");
    }
    List<DeviceInfo> devices = provider.discover().devices();
    assertFalse(devices.isEmpty(), () -> provider.discover().whyNone().orElseThrow());
    for (int i = 0; i < devices.size(); i++) {
      DeviceInfo info = devices.get(i);
      assertEquals("opencl:" + i, info.id());
      assertTrue(info.computeTypes().contains(DType.F32));
      assertTrue(info.maxAllocationBytes() > 0);
      assertFalse(info.name().isBlank() || info.driver().isBlank());
    }
  }

  @Test
  void openingADeviceThatIsNotThereSaysSo() {
    DeviceInfo info =
        new DeviceInfo(
            "opencl", 999, "x", DeviceInfo.Kind.GPU, 1 << 30, 1 << 28, Set.of(DType.F32), "");
    DeviceException.Unavailable e =
        assertThrows(DeviceException.Unavailable.class, () -> provider.open(info));
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
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
