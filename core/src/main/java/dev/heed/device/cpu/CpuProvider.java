package dev.heed.device.cpu;

import dev.heed.device.Device;
import dev.heed.device.DeviceInfo;
import dev.heed.device.DeviceProvider;
import java.util.List;
import java.util.Optional;

/** The embedded device: the processor Java runs on. It is always there. */
public final class CpuProvider implements DeviceProvider {
  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public int spiVersion() {
    return SPI_VERSION;
  }

  @Override
  public Discovery discover() {
    return new Discovery(List.of(CpuDevice.describe()), Optional.empty());
  }

  @Override
  public Device open(DeviceInfo which) {
    return new CpuDevice();
  }
}
