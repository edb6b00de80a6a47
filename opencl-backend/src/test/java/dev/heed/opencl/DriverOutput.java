package dev.heed.opencl;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.function.Supplier;

/**
 * What drivers write to standard error by themselves: PoCL says "1 error generated." of every build
 * that fails, which a test may want to happen.
 */
final class DriverOutput {
  private static final int STDERR = 2;
  private static final int WRITE_ONLY = 1; // O_WRONLY

  private DriverOutput() {}

  /** Runs {@code work}, whose process writes nothing to standard error meanwhile. */
  static <T> T without(Supplier<T> work) throws Throwable {
    if (File.separatorChar != '/') {
      return work.get();
    }
    MethodHandle dup2 = libc("dup2", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    MethodHandle close = libc("close", ValueLayout.JAVA_INT);
    int kept = (int) libc("dup", ValueLayout.JAVA_INT).invokeExact(STDERR);
    try {
      int nothing = nothing();
      int moved = (int) dup2.invokeExact(nothing, STDERR);
      int closed = (int) close.invokeExact(nothing);
      if (moved != STDERR || closed != 0) {
        throw new IllegalStateException("standard error cannot be turned off");
      }
      return work.get();
    } finally {
      int back = (int) dup2.invokeExact(kept, STDERR);
      int closed = (int) close.invokeExact(kept);
      if (back != STDERR || closed != 0) {
        throw new IllegalStateException("standard error cannot be turned on again");
      }
    }
  }

  private static int nothing() throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom("/dev/null");
      MethodHandle open = libc("open", ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
      return (int) open.invokeExact(path, WRITE_ONLY);
    }
  }

  private static MethodHandle libc(String name, MemoryLayout... arguments) {
    return Downcalls.libc(name, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
  }
}
