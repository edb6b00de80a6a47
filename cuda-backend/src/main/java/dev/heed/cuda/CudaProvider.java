package dev.heed.cuda;

import dev.heed.device.Device;
import dev.heed.device.DeviceException;
import dev.heed.device.DeviceInfo;
import dev.heed.device.DeviceProvider;
import java.util.List;

/**
 * Says which NVIDIA GPUs the machine has. This version has no CUDA kernels, so it offers none of
 * them.
 */
public final class CudaProvider implements DeviceProvider {
  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public int spiVersion() {
    return SPI_VERSION;
  }

  @Override
  public Discovery discover() {
    try {
      List<String> found = Cu.devices();
      if (found.isEmpty()) {
        return Discovery.none("the NVIDIA driver has no GPUs; check it with nvidia-smi");
      }
      return Discovery.none(
          "found " + String.join(", ", found) + "; this version has no CUDA kernels yet");
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
