package dev.heed.opencl;

import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jocl.cl_mem;

/** A {@code cl_mem}, over the host's memory where the device shares it. */
final class OpenClBuffer implements DeviceBuffer {
  private static final AtomicLong COUNT = new AtomicLong();

  private final OpenClDevice device;
  private final cl_mem memory;
  private final long byteSize;
  private final MemorySegment handle;
  private final boolean shared;

  /** Differs from that of every other buffer ever made, unlike the driver's handle. */
  private final long serial = COUNT.incrementAndGet();

  /**
   * A buffer.
   *
   * @param handle the host's memory if {@code shared}, else of size 0; its scope is the lifetime
   */
  OpenClBuffer(
      OpenClDevice device, cl_mem memory, long byteSize, MemorySegment handle, boolean shared) {
    this.device = device;
    this.memory = memory;
    this.byteSize = byteSize;
    this.handle = handle;
    this.shared = shared;
  }

  cl_mem memory() {
    return memory;
  }

  long serial() {
    return serial;
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public long byteSize() {
    return byteSize;
  }

  @Override
  public MemorySegment handle() {
    return handle;
  }

  @Override
  public Optional<MemorySegment> host() {
    return shared ? Optional.of(handle) : Optional.empty();
  }
}
