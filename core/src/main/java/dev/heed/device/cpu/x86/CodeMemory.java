package dev.heed.device.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Memory that the processor may run, on Linux. It is written first and can be run afterwards, never
 * both at once.
 */
@SuppressWarnings("restricted")
public final class CodeMemory {
  private static final int READ_WRITE = 3; // PROT_READ | PROT_WRITE
  private static final int READ_EXECUTE = 5; // PROT_READ | PROT_EXEC
  private static final int PRIVATE_ANONYMOUS = 0x22; // MAP_PRIVATE | MAP_ANONYMOUS

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle MAP =
      call(
          "mmap",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle PROTECT =
      call("mprotect", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
  private static final MethodHandle UNMAP =
      call("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));

  private CodeMemory() {}

  private static MethodHandle call(String name, FunctionDescriptor type) {
    SymbolLookup library = LINKER.defaultLookup();
    return LINKER.downcallHandle(library.findOrThrow(name), type);
  }

  /**
   * The address of a copy of some code that can be called until the arena closes; empty where the
   * system does not allow it.
   */
  public static Optional<MemorySegment> load(byte[] code, Arena owner) {
    long bytes = code.length;
    long at = map(bytes);
    if (at == -1) {
      return Optional.empty();
    }
    MemorySegment memory =
        MemorySegment.ofAddress(at).reinterpret(bytes, owner, m -> unmap(at, bytes));
    memory.copyFrom(MemorySegment.ofArray(code));
    return protect(at, bytes) ? Optional.of(memory.asReadOnly()) : Optional.empty();
  }

  private static long map(long bytes) {
    try {
      return (long) MAP.invokeExact(0L, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
    } catch (Throwable t) {
      throw new IllegalStateException("mmap cannot be called", t);
    }
  }

  private static boolean protect(long at, long bytes) {
    try {
      return (int) PROTECT.invokeExact(at, bytes, READ_EXECUTE) == 0;
    } catch (Throwable t) {
      throw new IllegalStateException("mprotect cannot be called", t);
    }
  }

  private static void unmap(long at, long bytes) {
    try {
      int ignored = (int) UNMAP.invokeExact(at, bytes);
    } catch (Throwable t) {
      throw new IllegalStateException("munmap cannot be called", t);
    }
  }
}
