package dev.heed.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * A queue's page-locked memory of the host: uploads go through two slices by turns, one filled
 * while the other travels; small downloads wait in a third until somebody waits for them.
 */
final class Staging {
  private static final long SLICE = 4 << 20;
  private static final long DOWNLOADS = 1 << 20;

  private final Cu cu;
  private final long stream;
  private final MemorySegment memory;
  private final long[] events = new long[2];
  private final Queue<Runnable> arrivals = new ArrayDeque<>();
  private int turn;
  private long downloaded;

  Staging(Cu cu, long stream) {
    this.cu = cu;
    this.stream = stream;
    memory = cu.allocatePinned(2 * SLICE + DOWNLOADS);
    for (int i = 0; i < events.length; i++) {
      events[i] = cu.createEvent();
    }
  }

  /** Copies bytes to the device; the host's may be reused when this returns. */
  void upload(MemorySegment host, long to) {
    for (long at = 0; at < host.byteSize(); at += SLICE) {
      long bytes = Math.min(SLICE, host.byteSize() - at);
      cu.synchronizeEvent(events[turn]);
      MemorySegment slice = memory.asSlice(turn * SLICE, bytes);
      MemorySegment.copy(host, at, slice, 0, bytes);
      cu.upload(to + at, slice.address(), bytes, stream);
      cu.recordEvent(events[turn], stream);
      turn = 1 - turn;
    }
  }

  /** Copies bytes to the host, where they are after {@link #arrive}. */
  void download(long from, MemorySegment host) {
    for (long at = 0; at < host.byteSize(); at += DOWNLOADS) {
      long bytes = Math.min(DOWNLOADS, host.byteSize() - at);
      if (downloaded + bytes > DOWNLOADS) {
        cu.synchronizeStream(stream);
        arrive();
      }
      MemorySegment slice = memory.asSlice(2 * SLICE + downloaded, bytes);
      MemorySegment to = host.asSlice(at, bytes);
      cu.download(slice.address(), from + at, bytes, stream);
      downloaded += bytes;
      arrivals.add(() -> to.copyFrom(slice));
    }
  }

  /** Hands over downloads; the stream has been waited for. */
  void arrive() {
    while (!arrivals.isEmpty()) {
      arrivals.remove().run();
    }
    downloaded = 0;
  }

  void close() {
    for (long event : events) {
      cu.destroyEvent(event);
    }
    cu.freePinned(memory);
  }
}
