package dev.heed.device;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Memory of a device, freed when the arena it was allocated in closes. */
public interface DeviceBuffer {
  /** The device it belongs to. */
  Device device();

  /** Size in bytes. */
  long byteSize();

  /**
   * Off-heap memory where the host shares it; otherwise an opaque key of size 0 whose scope is the
   * buffer's lifetime. Nobody adds to its address.
   */
  MemorySegment handle();

  /** The memory itself, where the host can read it in place. */
  default Optional<MemorySegment> host() {
    return Optional.empty();
  }
}
