package dev.heed.opencl;

import dev.heed.device.Device;
import dev.heed.tck.DeviceConformanceTest;
import java.nio.file.Path;
import java.util.Optional;

/** The conformance suite on the machine's first OpenCL device, as users get it. */
class OpenClConformanceTest extends DeviceConformanceTest {
  @Override
  protected Device open() {
    return Drivers.open(Options.fromProperties());
  }

  @Override
  protected Optional<Path> supportMatrix() {
    return Optional.of(Path.of("src/test/resources/support/opencl.txt"));
  }
}
