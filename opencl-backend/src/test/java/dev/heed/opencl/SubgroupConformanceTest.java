package dev.heed.opencl;

import dev.heed.device.Device;
import dev.heed.tck.DeviceConformanceTest;

/**
 * The conformance suite with the kernels that use subgroups, emulated where there are none; a part
 * of the cases: {@link Sample}.
 */
class SubgroupConformanceTest extends DeviceConformanceTest {
  @Override
  protected Device open() {
    return Drivers.open(Sample.options().withFamily(Family.SUBGROUP).withStaged(true));
  }

  @Override
  protected boolean takes(String name) {
    return Sample.has(name, 1);
  }
}
