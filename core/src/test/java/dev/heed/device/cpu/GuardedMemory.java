package dev.heed.device.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Memory on Linux with pages before and behind it that nobody may touch: an access there ends the
 * process, tests and all.
 */
@SuppressWarnings("restricted")
final class GuardedMemory implements AutoCloseable {
  private static final long PAGE = 4096;
  private static final int NONE = 0;
  private static final int READ_WRITE = 3;
  private static final int PRIVATE_ANONYMOUS = 0x22;

  private static final MethodHandle MAP =
      call(
          "mmap",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle PROTECT =
      call("mprotect", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
  private static final MethodHandle UNMAP =
      call("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));

  /** All that was asked for. */
  final MemorySegment memory;

  private final long start;
  private final long mapped;

  /**
   * So many bytes.
   *
   * @param atEnd they end where the page behind them begins; else they begin at a page
   */
  GuardedMemory(long bytes, boolean atEnd) {
    long usable = (bytes + PAGE - 1) & -PAGE;
    mapped = usable + 2 * PAGE;
    try {
      start = (long) MAP.invokeExact(0L, mapped, NONE, PRIVATE_ANONYMOUS, -1, 0L);
      if (start == -1 || (int) PROTECT.invokeExact(start + PAGE, usable, READ_WRITE) != 0) {
        throw new IllegalStateException("no memory");
      }
    } catch (Throwable t) {
      throw new IllegalStateException(t);
    }
    long at = start + PAGE + (atEnd ? usable - bytes : 0);
    memory = MemorySegment.ofAddress(at).reinterpret(bytes);
  }

  long address() {
    return memory.address();
  }

  private static MethodHandle call(String name, FunctionDescriptor type) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
  }

  @Override
  public void close() {
    try {
      int ignored = (int) UNMAP.invokeExact(start, mapped);
    } catch (Throwable t) {
      throw new IllegalStateException(t);
    }
  }
}
