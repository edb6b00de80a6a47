package dev.heed.opencl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.Device;
import dev.heed.device.DeviceProvider;
import dev.heed.tck.DeviceConformanceTest;
import java.nio.file.Path;
import java.util.Optional;

/** The conformance suite on the machine's first OpenCL device. */
class OpenClConformanceTest extends DeviceConformanceTest {
  @Override
  protected Device open() {
    OpenClProvider provider = new OpenClProvider();
    DeviceProvider.Discovery found = provider.discover();
    if (!Boolean.getBoolean("heed.require.opencl")) {
      assumeTrue(!found.devices().isEmpty(), () -> found.whyNone().orElse("no device"));
    }
    return provider.open(found.devices().getFirst());
  }

  @Override
  protected Optional<Path> supportMatrix() {
    return Optional.of(Path.of("src/test/resources/support/opencl.txt"));
  }
}
