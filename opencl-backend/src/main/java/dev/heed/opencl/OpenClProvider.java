package dev.heed.opencl;

import dev.heed.device.Device;
import dev.heed.device.DeviceException;
import dev.heed.device.DeviceInfo;
import dev.heed.device.DeviceProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The OpenCL devices of all drivers on this machine: GPUs, accelerators and CPUs. */
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
      List<ClDevice> found = ClDevice.all();
      if (found.isEmpty()) {
        return Discovery.none("the OpenCL driver has no devices; check it with clinfo");
      }
      List<DeviceInfo> infos = new ArrayList<>();
      for (int i = 0; i < found.size(); i++) {
        infos.add(Options.fromProperties().describe(found.get(i), i));
      }
      return new Discovery(infos, Optional.empty());
    } catch (DeviceException | IllegalArgumentException e) { // a property that makes no sense
      return Discovery.none(e.getMessage());
    }
  }

  /**
   * Opens a device that {@link #discover} found.
   *
   * @throws DeviceException.Unavailable if it is not there any more, or the driver refuses
   */
  @Override
  public Device open(DeviceInfo which) {
    return open(which, Options.fromProperties());
  }

  static OpenClDevice open(DeviceInfo which, Options options) {
    List<ClDevice> found = ClDevice.all();
    if (which.index() >= found.size()) {
      throw new DeviceException.Unavailable(
          "%s: no such device, OpenCL has %d".formatted(which.id(), found.size()));
    }
    return new OpenClDevice(found.get(which.index()), which.index(), options);
  }
}
