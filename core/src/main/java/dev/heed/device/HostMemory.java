package dev.heed.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Memory of the host, for devices that compute in it. */
public final class HostMemory {
  /** Bytes, as every buffer of a device is aligned. */
  private static final long ALIGNMENT = 256;

  private HostMemory() {}

  /**
   * Zeroed memory that lives as long as its arena; what is read at every step, weights and state,
   * lies in pages of 2 MiB where the system grants them.
   *
   * @throws OutOfMemoryError if there is not as much
   */
  public static MemorySegment allocate(long bytes, Usage usage, Arena owner) {
    if (usage == Usage.WEIGHTS || usage == Usage.STATE) {
      Optional<MemorySegment> huge = HugePages.allocate(bytes, owner);
      if (huge.isPresent()) {
        return huge.get();
      }
    }
    return owner.allocate(Math.max(bytes, 1), ALIGNMENT).asSlice(0, bytes);
  }
}
