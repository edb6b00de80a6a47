package dev.heed.tck;

import dev.heed.device.Device;
import dev.heed.device.DeviceProvider;
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
}
