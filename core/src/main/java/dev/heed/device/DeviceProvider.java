package dev.heed.device;

import java.util.List;
import java.util.Optional;

/** Offers the devices of one kind of driver; found by {@link java.util.ServiceLoader}. */
public interface DeviceProvider {
  /** The version of the SPI this Heed speaks. */
  int SPI_VERSION = 1;

  /** Short name, first half of a device's id: {@code cpu}, {@code opencl}, {@code cuda}. */
  String name();

  /** The {@link #SPI_VERSION} it was written for. */
  int spiVersion();

  /** What is there. Never throws: a missing driver is a reason, not an exception. */
  Discovery discover();

  /**
   * Opens a device that {@link #discover} named.
   *
   * @throws DeviceException if it cannot be opened
   */
  Device open(DeviceInfo which);

  /**
   * The devices found.
   *
   * @param devices in the driver's order
   * @param whyNone one line on why there are none, and what to do
   */
  record Discovery(List<DeviceInfo> devices, Optional<String> whyNone) {
    public Discovery {
      devices = List.copyOf(devices);
    }

    /** No devices, for this reason. */
    public static Discovery none(String why) {
      return new Discovery(List.of(), Optional.of(why));
    }
  }
}
