package dev.heed.device.cpu;

import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Memory of the host itself. */
record CpuBuffer(Device device, MemorySegment handle) implements DeviceBuffer {
  @Override
  public long byteSize() {
    return handle.byteSize();
  }

  @Override
  public Optional<MemorySegment> host() {
    return Optional.of(handle);
  }
}
