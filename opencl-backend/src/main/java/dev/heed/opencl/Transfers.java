package dev.heed.opencl;

import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jocl.cl_command_queue;

/**
 * Copies between the host and the device in order with a queue's kernels. Little goes through small
 * staging slots, so that nobody waits; much goes straight where the device shares the host's
 * memory, else through large pinned slots.
 */
final class Transfers implements AutoCloseable {
  /** Bytes up to which a copy is little. */
  private static final long LITTLE = 1 << 16;

  private static final long SMALL_SLOT = 2 * LITTLE;

  /** Long enough for the bus's speed, short enough for the host to fill one meanwhile. */
  static final long LARGE_SLOT = 4L << 20;

  private final cl_command_queue queue;
  private final boolean shared;
  private final Staging small;
  private final Staging large;

  /** Transfers of a queue, whose plain staging memory lives in {@code arena}. */
  Transfers(OpenClDevice device, cl_command_queue queue, Arena arena) {
    this.queue = queue;
    shared = device.sharesHostMemory();
    small = new Staging(device, queue, arena, SMALL_SLOT, !shared);
    large = shared ? small : new Staging(device, queue, arena, LARGE_SLOT, true);
  }

  void upload(MemorySegment host, Tensor to) {
    requireFit(host, to);
    if (to.layout() != Layout.ROW_MAJOR) {
      throw new IllegalArgumentException("opencl: %s is in the device's own layout".formatted(to));
    }
    OpenClBuffer buffer = (OpenClBuffer) to.buffer();
    long rows = to.isDense() ? 1 : to.shape().dim(0);
    long bytes = host.byteSize() / Math.max(1, rows);
    long stride = to.isDense() ? 0 : to.dtype().bytes(to.rowStride());
    for (long i = 0; i < rows; i++) {
      write(host, i * bytes, bytes, buffer, to.byteOffset() + i * stride);
    }
  }

  /** Copies a part of the host's memory to byte {@code at} of a buffer. */
  void write(MemorySegment host, long from, long bytes, OpenClBuffer to, long at) {
    MemorySegment part = host.asSlice(from, bytes);
    if (bytes <= LITTLE) {
      small.write(part, to, at);
    } else if (shared && host.isNative()) {
      Copies.write(queue, to.memory(), at, part, true);
    } else {
      large.write(part, to, at);
    }
  }

  /** The queue has been waited for. */
  void drained() {
    small.drained();
    large.drained();
  }

  @Override
  public void close() {
    small.close();
    large.close();
  }

  void download(Tensor from, MemorySegment host) {
    requireFit(host, from);
    OpenClBuffer buffer = (OpenClBuffer) from.buffer();
    long rows = from.isDense() ? 1 : from.shape().dim(0);
    long bytes = host.byteSize() / Math.max(1, rows);
    long stride = from.isDense() ? 0 : from.dtype().bytes(from.rowStride());
    for (long i = 0; i < rows; i++) {
      read(buffer, from.byteOffset() + i * stride, host, i * bytes, bytes);
    }
  }

  /** Copies from byte {@code at} of a buffer on to a part of the host's memory. */
  void read(OpenClBuffer from, long at, MemorySegment host, long to, long bytes) {
    MemorySegment part = host.asSlice(to, bytes);
    if (host.isNative() && (shared || bytes <= LITTLE)) {
      Copies.read(queue, from.memory(), at, part, false);
    } else {
      (bytes <= LITTLE ? small : large).read(from, at, part);
    }
  }

  static void requireFit(MemorySegment host, Tensor t) {
    if (host.byteSize() != t.byteSize()) {
      throw new IllegalArgumentException(
          "opencl: %s has %d bytes, the host memory %d"
              .formatted(t, t.byteSize(), host.byteSize()));
    }
  }
}
