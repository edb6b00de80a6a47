package dev.heed.cuda;

import dev.heed.device.Device;
import dev.heed.tck.DeviceConformanceTest;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Tag;

/** The kernels and the whole host side under the conformance suite, on the emulated driver. */
@Tag(Emulator.TAG)
class EmulatedDeviceTest extends DeviceConformanceTest {
  @Override
  protected Device open() {
    return Emulator.open();
  }

  @Override
  protected Optional<Path> supportMatrix() {
    return Optional.of(Path.of("src/test/resources/support/cuda.txt"));
  }
}
