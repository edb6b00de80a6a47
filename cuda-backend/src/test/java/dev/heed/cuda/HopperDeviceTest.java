package dev.heed.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.Device;
import dev.heed.device.DeviceInfo;
import dev.heed.device.DeviceProvider;
import dev.heed.tck.DeviceConformanceTest;

/** A Hopper GPU with what is off by default; skipped where there is none. */
class HopperDeviceTest extends DeviceConformanceTest {
  /** Products of any size by warp groups, and every launch early. */
  static final Options ALL_ON = new Options(1, true);

  @Override
  protected Device open() {
    CudaProvider provider = new CudaProvider(DriverCu::new, KernelImage.ofBuild(), () -> ALL_ON);
    DeviceProvider.Discovery found = provider.discover();
    assumeTrue(!found.devices().isEmpty(), () -> found.whyNone().orElse("no GPU"));
    assumeTrue(isHopper(found.devices().getFirst()), "not a Hopper GPU");
    return provider.open(found.devices().getFirst());
  }

  static boolean isHopper(DeviceInfo info) {
    return info.driver().contains("compute capability 9.0");
  }
}
