package dev.heed.opencl;

import dev.heed.device.Device;
import dev.heed.device.DeviceException;
import dev.heed.device.DeviceInfo;
import dev.heed.device.DeviceProvider;
import java.util.List;

/**
 * Says which OpenCL devices the machine has. This version has no OpenCL kernels, so it offers none
 * of them.
 */
public final class OpenClProvider implements DeviceProvider {
  @Override
  public String name() {
    return "opencl";
  }

  @Override
  public int spiVersion() {
    return SPI_VERSION;
  }

  @Override
  public Discovery discover() {
    try {
      List<String> found = Cl.devices();
      if (found.isEmpty()) {
        return Discovery.none("the OpenCL driver has no devices; check it with clinfo");
      }
      return Discovery.none(
          "found " + String.join(", ", found) + "; this version has no OpenCL kernels yet");
    } catch (DeviceException e) {
      return Discovery.none(e.getMessage());
    }
  }

  @Override
  public Device open(DeviceInfo which) {
    throw new DeviceException.Unavailable(
        which.id() + ": " + discover().whyNone().orElse("no such device"));
  }
}
