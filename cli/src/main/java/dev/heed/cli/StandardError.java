package dev.heed.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The launcher starts the JVM with stderr closed off, because the JVM warns of the incubating
 * Vector API at each start; the real one waits as another file descriptor.
 */
final class StandardError {
  /** The launcher's property with the number of that descriptor. */
  private static final String PROPERTY = "heed.stderr";

  private StandardError() {}

  /** Takes the real stderr back, for this process and its native libraries. */
  @SuppressWarnings("restricted")
  static void restore() {
    Integer from = Integer.getInteger(PROPERTY);
    if (from == null) {
      return;
    }
    Linker linker = Linker.nativeLinker();
    var ints =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    MethodHandle dup2 =
        linker.downcallHandle(linker.defaultLookup().find("dup2").orElseThrow(), ints);
    try {
      int to = (int) dup2.invokeExact((int) from, 2);
      if (to != 2) {
        throw new IllegalStateException("dup2 gives " + to);
      }
    } catch (Throwable e) {
      throw new LinkageError("stderr cannot be restored", e);
    }
  }
}
