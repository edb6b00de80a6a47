package dev.heed.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;

/**
 * Memory in pages of 2 MiB where Linux grants them (transparent huge pages), so that reading
 * gigabytes of weights a token does not wait for page tables. The advice must come before the first
 * touch, which is why this memory is mapped here: an arena zeroes what it allocates.
 */
@SuppressWarnings("restricted")
final class HugePages {
  /** Of x86-64, and of AArch64 with pages of 4 KiB. */
  private static final long PAGE = 2L << 20;

  /** Less is not worth a mapping of its own. */
  private static final long LEAST = 2 * PAGE;

  private static final int READ_WRITE = 3; // PROT_READ | PROT_WRITE
  private static final int PRIVATE_ANONYMOUS = 0x22; // MAP_PRIVATE | MAP_ANONYMOUS
  private static final int ADVISE_HUGE = 14; // MADV_HUGEPAGE

  private HugePages() {}

  /**
   * Zeroed memory that lives as long as its arena; empty where this is not 64-bit Linux, the size
   * is small or there is no such memory.
   */
  static Optional<MemorySegment> allocate(long bytes, Arena owner) {
    if (bytes < LEAST || !Calls.AVAILABLE) {
      return Optional.empty();
    }
    long mapped = bytes + PAGE;
    long start = Calls.map(mapped);
    if (start == -1) {
      return Optional.empty();
    }
    long at = (start + PAGE - 1) & -PAGE;
    Calls.advise(at, bytes & -PAGE);
    MemorySegment memory =
        MemorySegment.ofAddress(at).reinterpret(bytes, owner, s -> Calls.unmap(start, mapped));
    return Optional.of(memory);
  }

  /** Functions of the C library. */
  private static final class Calls {
    private static final Linker LINKER = Linker.nativeLinker();

    static final boolean AVAILABLE =
        System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")
            && ADDRESS.byteSize() == 8
            && LINKER.defaultLookup().find("madvise").isPresent();

    private static final MethodHandle MAP =
        AVAILABLE
            ? call(
                "mmap",
                FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG))
            : null;

    private static final MethodHandle ADVISE =
        AVAILABLE
            ? call("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT))
            : null;

    private static final MethodHandle UNMAP =
        AVAILABLE ? call("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG)) : null;

    private static MethodHandle call(String name, FunctionDescriptor type) {
      return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
    }

    /** Address of new memory, or -1. */
    static long map(long bytes) {
      try {
        return (long) MAP.invokeExact(0L, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
      } catch (Throwable t) {
        throw new IllegalStateException("mmap cannot be called", t);
      }
    }

    /** A hint: where the kernel does not take it, pages stay small. */
    static void advise(long at, long bytes) {
      try {
        int ignored = (int) ADVISE.invokeExact(at, bytes, ADVISE_HUGE);
      } catch (Throwable t) {
        throw new IllegalStateException("madvise cannot be called", t);
      }
    }

    static void unmap(long at, long bytes) {
      try {
        int ignored = (int) UNMAP.invokeExact(at, bytes);
      } catch (Throwable t) {
        throw new IllegalStateException("munmap cannot be called", t);
      }
    }
  }
}
