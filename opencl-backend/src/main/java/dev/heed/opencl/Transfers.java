package dev.heed.opencl;

import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jocl.cl_command_queue;

/**
 * Copies between the host and the device in order with a queue's kernels. Little, and what lies on
 * the heap, goes through a staging buffer, so that nobody waits.
 */
final class Transfers {
  /** Bytes staged at most before the queue is waited for. */
  private static final int STAGING = 1 << 18;

  /** An upload up to this size is staged. */
  private static final int SMALL = STAGING / 4;

  private final cl_command_queue queue;
  private final MemorySegment staging;
  private long staged;

  /** Transfers of a queue, whose staging buffer lives in {@code arena}. */
  Transfers(cl_command_queue queue, Arena arena) {
    this.queue = queue;
    staging = arena.allocate(STAGING, 64);
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
    if (bytes > SMALL && host.isNative()) {
      Copies.write(queue, to.memory(), at, host.asSlice(from, bytes), true);
      return;
    }
    for (long done = 0; done < bytes; done += SMALL) {
      long n = Math.min(SMALL, bytes - done);
      MemorySegment slot = slot(n).copyFrom(host.asSlice(from + done, n));
      Copies.write(queue, to.memory(), at + done, slot, false);
    }
  }

  /** The next bytes of the staging buffer that no copy is reading. */
  private MemorySegment slot(long bytes) {
    if (staging.byteSize() - staged < bytes) {
      Cl.finish(queue);
      staged = 0;
    }
    MemorySegment slot = staging.asSlice(staged, bytes);
    staged += bytes;
    return slot;
  }

  /** All staged copies have been made. */
  void drained() {
    staged = 0;
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
    if (host.isNative()) {
      Copies.read(queue, from.memory(), at, host.asSlice(to, bytes), false);
      return;
    }
    for (long done = 0; done < bytes; done += STAGING) {
      Cl.finish(queue);
      staged = 0;
      MemorySegment slot = staging.asSlice(0, Math.min(STAGING, bytes - done));
      Copies.read(queue, from.memory(), at + done, slot, true);
      host.asSlice(to + done, slot.byteSize()).copyFrom(slot);
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
