package dev.heed.device.cpu;

import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import java.lang.foreign.MemorySegment;

/**
 * A weight in panels.
 *
 * @param finite false if its F16 numbers have infinities or NaNs, which only {@link ScalarPanels}
 *     reads
 */
record PackedBuffer(Device device, MemorySegment handle, boolean finite) implements DeviceBuffer {
  @Override
  public long byteSize() {
    return handle.byteSize();
  }
}
