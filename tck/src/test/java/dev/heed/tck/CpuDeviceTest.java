package dev.heed.tck;

import dev.heed.device.Device;
import dev.heed.device.DeviceProvider;
import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;

/** The embedded device. */
class CpuDeviceTest extends DeviceConformanceTest {
  @Override
  protected Device open() {
    DeviceProvider cpu =
        ServiceLoader.load(DeviceProvider.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(p -> p.name().equals("cpu"))
            .findFirst()
            .orElseThrow();
    return cpu.open(cpu.discover().devices().getFirst());
  }

  @Override
  protected Optional<Path> supportMatrix() {
    return Optional.of(Path.of("src/test/resources/support/cpu.txt"));
  }
}
