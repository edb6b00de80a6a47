package dev.heed.opencl;

import dev.heed.device.Device;
import dev.heed.tck.DeviceConformanceTest;

/**
 * The conformance suite as on a GPU: memory of the device's own, kernels that share rows through
 * local memory. A part of the cases: {@link Sample}.
 */
class StagedConformanceTest extends DeviceConformanceTest {
  @Override
  protected Device open() {
    return Drivers.open(Sample.options().withFamily(Family.LOCAL).withStaged(true));
  }

  @Override
  protected boolean takes(String name) {
    return Sample.has(name, 0);
  }
}
