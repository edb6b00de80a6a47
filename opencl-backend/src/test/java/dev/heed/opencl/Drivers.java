package dev.heed.opencl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.DeviceProvider;

/** The OpenCL driver of the machine that tests. */
final class Drivers {
  private Drivers() {}

  /**
   * Opens the first device. Without one the test is skipped, or fails where {@code
   * -Dheed.require.opencl=true} says that there must be one.
   */
  static OpenClDevice open(Options options) {
    DeviceProvider.Discovery found = new OpenClProvider().discover();
    if (found.devices().isEmpty() && Boolean.getBoolean("heed.require.opencl")) {
      throw new AssertionError("no OpenCL device: " + found.whyNone().orElse("no reason given"));
    }
    assumeTrue(!found.devices().isEmpty(), () -> found.whyNone().orElse("no device"));
    return OpenClProvider.open(found.devices().getFirst(), options);
  }
}
