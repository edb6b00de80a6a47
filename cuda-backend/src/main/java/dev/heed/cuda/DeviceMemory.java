package dev.heed.cuda;

import dev.heed.device.DeviceException;
import dev.heed.device.Usage;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Memory of a device, in the order of a stream of its own where the driver has pools. Memory is
 * ready when {@link #allocate} returns; {@link #free} waits for all queues. By many threads.
 */
final class DeviceMemory {
  private final CudaDevice device;
  private final Cu cu;
  private final long stream;
  private final Set<Long> live = ConcurrentHashMap.newKeySet();

  /** Memory of a device whose context is current. */
  DeviceMemory(CudaDevice device, Cu cu, boolean pools) {
    this.device = device;
    this.cu = cu;
    stream = pools ? cu.createStream() : 0;
  }

  /**
   * Allocates at least one byte, aligned to 256.
   *
   * @throws DeviceException.OutOfMemory with the bytes asked for and free
   */
  long allocate(long bytes, Usage usage) {
    synchronized (device.lock()) {
      try {
        device.enter();
        long address = cu.allocate(Math.max(1, bytes), stream);
        live.add(address);
        if (stream != 0) {
          cu.synchronizeStream(stream);
        }
        return address;
      } catch (CuException e) {
        if (e.code() == CuException.OUT_OF_MEMORY) {
          throw new DeviceException.OutOfMemory(
              "%s: %d bytes for %s asked, %d are free: use a smaller model or a shorter context"
                  .formatted(device.info().id(), bytes, usage, cu.memoryInfo().free()));
        }
        throw device.failure("allocating %d bytes".formatted(bytes), e);
      }
    }
  }

  /** Frees memory when all work that was enqueued is done; nothing if the device is closed. */
  void free(long address) {
    synchronized (device.lock()) {
      if (!live.remove(address) || !device.isOpen()) {
        return;
      }
      try {
        device.enter();
        device.awaitQueues();
        cu.free(address, stream);
        if (stream != 0) {
          cu.synchronizeStream(stream);
        }
      } catch (CuException e) {
        throw device.failure("freeing memory", e);
      }
    }
  }

  /** Frees all that is left. */
  void close() {
    live.forEach(this::free);
    if (stream != 0) {
      cu.destroyStream(stream);
    }
  }
}
