package dev.heed.opencl;

import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jocl.cl_command_queue;

/**
 * Copies between the host and the device in order with a queue's kernels. Little goes through a
 * staging buffer, so that nobody waits; much goes in slices, as a {@code ByteBuffer} ends at 2 GiB.
 */
final class Transfers {
  /** Bytes staged at most before the queue is waited for. */
  private static final int STAGING = 1 << 18;

  /** An upload up to this size is staged. */
  private static final int SMALL = STAGING / 4;

  private static final long SLICE = 1 << 30;

  private final cl_command_queue queue;
  private final ByteBuffer staging;

  /** Transfers of a queue, whose staging buffer lives in {@code arena}. */
  Transfers(cl_command_queue queue, Arena arena) {
    this.queue = queue;
    staging = arena.allocate(STAGING, 64).asByteBuffer();
  }

  /** A part of off-heap memory, below 2 GiB. */
  static ByteBuffer buffer(MemorySegment memory, long at, long bytes) {
    return memory.asSlice(at, Math.min(bytes, memory.byteSize() - at)).asByteBuffer();
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

  private void write(MemorySegment host, long from, long bytes, OpenClBuffer to, long at) {
    boolean stage = bytes <= SMALL || !host.isNative();
    long most = stage ? SMALL : SLICE;
    for (long done = 0; done < bytes; done += most) {
      long n = Math.min(most, bytes - done);
      if (stage) {
        ByteBuffer slot = slot((int) n);
        MemorySegment.ofBuffer(slot).copyFrom(host.asSlice(from + done, n));
        Cl.write(queue, to.memory(), at + done, slot, false);
      } else {
        Cl.write(queue, to.memory(), at + done, buffer(host, from + done, n), true);
      }
    }
  }

  /** The next bytes of the staging buffer that no copy is reading. */
  private ByteBuffer slot(int bytes) {
    if (staging.remaining() < bytes) {
      Cl.finish(queue);
      staging.clear();
    }
    ByteBuffer slot = staging.slice(staging.position(), bytes);
    staging.position(staging.position() + bytes);
    return slot;
  }

  /** All staged copies have been made. */
  void drained() {
    staging.clear();
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

  private void read(OpenClBuffer from, long at, MemorySegment host, long to, long bytes) {
    long most = host.isNative() ? SLICE : STAGING;
    for (long done = 0; done < bytes; done += most) {
      long n = Math.min(most, bytes - done);
      if (host.isNative()) {
        Cl.read(queue, from.memory(), at + done, buffer(host, to + done, n), false);
      } else {
        Cl.finish(queue);
        staging.clear();
        ByteBuffer slot = staging.slice(0, (int) n);
        Cl.read(queue, from.memory(), at + done, slot, true);
        host.asSlice(to + done, n).copyFrom(MemorySegment.ofBuffer(slot));
      }
    }
  }

  private static void requireFit(MemorySegment host, Tensor t) {
    if (host.byteSize() != t.byteSize()) {
      throw new IllegalArgumentException(
          "opencl: %s has %d bytes, the host memory %d"
              .formatted(t, t.byteSize(), host.byteSize()));
    }
  }
}
