package dev.heed;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.Device;
import dev.heed.device.DeviceProvider.Discovery;
import dev.heed.device.Devices;

/**
 * The device that tests of blocks and models run on: the CPU device, or the one that {@code
 * -Dheed.device} names. Backends run the same tests on theirs.
 */
public final class TestDevice {
  private static final String ID = System.getProperty(Devices.PROPERTY, "cpu");

  private TestDevice() {}

  /**
   * Opens it. A provider without devices skips the test; {@code -Dheed.require.PROVIDER=true} makes
   * that a failure.
   */
  public static Device open() {
    String provider = ID.replaceFirst(":.*", "");
    Discovery found = Devices.discover().get(provider);
    boolean none = found != null && found.devices().isEmpty();
    if (none && !Boolean.getBoolean("heed.require." + provider)) {
      assumeTrue(false, () -> found.whyNone().orElse("no device"));
    }
    return Devices.open(ID);
  }
}
