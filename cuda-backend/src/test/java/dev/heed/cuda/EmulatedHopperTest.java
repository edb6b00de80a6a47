package dev.heed.cuda;

import dev.heed.device.Device;
import dev.heed.tck.DeviceConformanceTest;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;

/** What is off by default, on the emulated driver: products of warp groups, and early launches. */
@Tag(Emulator.TAG)
class EmulatedHopperTest extends DeviceConformanceTest {
  /** Products of 16 bits by 16 bits, of more than a few rows. */
  private static final Pattern TAKEN =
      Pattern.compile("^(MatMul|Linear|GatedLinear): (B?F16) \\[\\d+, \\d+\\] x (\\2 )?\\[");

  @Override
  protected Device open() {
    return Emulator.open(new Options(1, true));
  }

  @Override
  protected boolean takes(String name) {
    return TAKEN.matcher(name).find();
  }
}
