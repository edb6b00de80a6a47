package dev.heed.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.Device;
import dev.heed.device.DeviceProvider;
import dev.heed.tck.DeviceConformanceTest;

/** The first GPU of this machine under the conformance suite; skipped where there is none. */
class CudaDeviceTest extends DeviceConformanceTest {
  @Override
  protected Device open() {
    CudaProvider provider = new CudaProvider();
    DeviceProvider.Discovery found = provider.discover();
    assumeTrue(!found.devices().isEmpty(), () -> found.whyNone().orElse("no GPU"));
    return provider.open(found.devices().getFirst());
  }
}
