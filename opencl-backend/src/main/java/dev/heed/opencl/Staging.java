package dev.heed.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jocl.CLException;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two slots of host memory between callers' memory and a device: one is filled while copies out of
 * the other run. Pinned, a device with memory of its own reads and writes them by itself, at the
 * bus's full speed; made when first used.
 */
final class Staging implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Staging.class);

  private final OpenClDevice device;
  private final cl_command_queue queue;
  private final Arena arena;
  private final long slotBytes;
  private final boolean pinned;

  private Optional<Cl.Pinned> memory = Optional.empty();
  private MemorySegment[] slots;

  /** When all copies of a slot have been made; null for a slot that has none. */
  private final cl_event[] done = new cl_event[2];

  private int current;
  private long used;

  /**
   * Slots of a queue.
   *
   * @param pinned memory of the driver's, else plain memory of {@code arena}
   */
  Staging(
      OpenClDevice device, cl_command_queue queue, Arena arena, long slotBytes, boolean pinned) {
    this.device = device;
    this.queue = queue;
    this.arena = arena;
    this.slotBytes = slotBytes;
    this.pinned = pinned;
  }

  /** Enqueues a copy; the caller's memory has been read when this returns. */
  void write(MemorySegment from, OpenClBuffer to, long at) {
    for (long i = 0; i < from.byteSize(); ) {
      long n = Math.min(slotBytes, from.byteSize() - i);
      MemorySegment room = room(n).copyFrom(from.asSlice(i, n));
      Copies.write(queue, to.memory(), at + i, room, false);
      i += n;
    }
  }

  /** The next bytes that no copy is reading. */
  private MemorySegment room(long bytes) {
    open();
    if (slotBytes - used < bytes) {
      done[current] = Cl.marker(queue);
      current = 1 - current;
      await(current);
      used = 0;
    }
    MemorySegment room = slots[current].asSlice(used, bytes);
    used += bytes;
    return room;
  }

  /** Copies from the device, and waits for the last byte. */
  void read(OpenClBuffer from, long at, MemorySegment to) {
    open();
    // Copies out of a slot that still run come before these in the queue.
    drained();
    long pieces = Math.ceilDiv(to.byteSize(), slotBytes);
    for (long i = 0; i <= pieces; i++) {
      int slot = (int) (i % 2);
      if (i < pieces) {
        long n = Math.min(slotBytes, to.byteSize() - i * slotBytes);
        Copies.read(queue, from.memory(), at + i * slotBytes, slots[slot].asSlice(0, n), false);
        done[slot] = Cl.marker(queue);
        Cl.flush(queue);
      }
      if (i > 0) {
        await(1 - slot);
        long start = (i - 1) * slotBytes;
        long n = Math.min(slotBytes, to.byteSize() - start);
        to.asSlice(start, n).copyFrom(slots[1 - slot].asSlice(0, n));
      }
    }
  }

  private void await(int slot) {
    if (done[slot] != null) {
      cl_event event = done[slot];
      done[slot] = null;
      Cl.await(event);
    }
  }

  /** All copies have been made, or come first: both slots are free. */
  void drained() {
    for (int slot = 0; slot < 2; slot++) {
      if (done[slot] != null) {
        Cl.release(done[slot]);
        done[slot] = null;
      }
    }
    used = 0;
  }

  private void open() {
    if (slots != null) {
      return;
    }
    MemorySegment both = null;
    if (pinned) {
      try {
        memory = Optional.of(Cl.pin(device.context(), queue, 2 * slotBytes));
        both = memory.get().host();
      } catch (CLException e) {
        LOG.debug("{}: no pinned memory, {}", device.info().id(), Cl.status(e));
      }
    }
    if (both == null) {
      both = arena.allocate(2 * slotBytes, 64);
    }
    slots = new MemorySegment[] {both.asSlice(0, slotBytes), both.asSlice(slotBytes, slotBytes)};
  }

  /** Gives pinned memory back; the queue has been waited for. */
  @Override
  public void close() {
    drained();
    memory.ifPresent(m -> Cl.unpin(queue, m));
    memory = Optional.empty();
    slots = null;
  }
}
