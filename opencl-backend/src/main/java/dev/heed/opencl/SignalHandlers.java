package dev.heed.opencl;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.function.Supplier;

/**
 * The JVM's signal handlers, put back after calls in which a driver takes them.
 *
 * <p>The JVM throws by signals (null pointers, integer divisions by zero) and stops its threads at
 * safepoints by them. LLVM, inside PoCL and other drivers, installs handlers of its own for one
 * delivery: two threads at a safepoint poll at once then end the process without a word. PoCL's own
 * handler of SIGFPE steps over the division: {@code 5 / 0} is 5 in Java. Both are installed while
 * devices are listed; other drivers may do so while they build.
 *
 * <p>Only signals that the JVM keeps from Java programs are put back, so that a handler which a
 * program installs in another thread meanwhile stays.
 */
final class SignalHandlers {
  /** More than {@code struct sigaction} of any system: 152 bytes on Linux, 16 on macOS. */
  private static final int BYTES = 256;

  private static final int SIGQUIT = 3;
  private static final int SIGILL = 4;
  private static final int SIGFPE = 8;
  private static final int SIGSEGV = 11;

  /** Numbers differ between Linux and macOS: SIGBUS, and SIGUSR2, which suspends threads. */
  static final List<Integer> SIGNALS =
      isMac()
          ? List.of(SIGQUIT, SIGILL, SIGFPE, 10, SIGSEGV, 31)
          : List.of(SIGQUIT, SIGILL, 7, SIGFPE, SIGSEGV, 12);

  private static Saved saved;
  private static int calls;

  private SignalHandlers() {}

  /** Makes the call and has the handlers afterwards that were there before. */
  static <T> T kept(Supplier<T> call) {
    if (!isUnix()) {
      return call.get();
    }
    begin();
    try {
      return call.get();
    } finally {
      end();
    }
  }

  /** Calls overlap where programs are built side by side: the first one's handlers count. */
  private static synchronized void begin() {
    if (calls++ == 0) {
      saved = new Saved();
    }
  }

  private static synchronized void end() {
    saved.restore();
    if (--calls == 0) {
      saved.arena.close();
      saved = null;
    }
  }

  /** The handler of a signal, as {@code struct sigaction}. */
  static MemorySegment read(int signal, Arena arena) {
    MemorySegment action = arena.allocate(BYTES, Long.BYTES);
    sigaction(signal, MemorySegment.NULL, action);
    return action;
  }

  /** Sets the handler of a signal. */
  static void write(int signal, MemorySegment action) {
    sigaction(signal, action, MemorySegment.NULL);
  }

  private static void sigaction(int signal, MemorySegment now, MemorySegment before) {
    int status;
    try {
      status = (int) Libc.SIGACTION.invokeExact(signal, now, before);
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing", e);
    }
    if (status != 0) {
      throw new IllegalStateException("sigaction refuses signal " + signal);
    }
  }

  private static boolean isMac() {
    return System.getProperty("os.name").startsWith("Mac");
  }

  private static boolean isUnix() {
    return isMac() || System.getProperty("os.name").startsWith("Linux");
  }

  private static final class Saved {
    private final Arena arena = Arena.ofShared();
    private final List<MemorySegment> actions =
        SIGNALS.stream().map(signal -> read(signal, arena)).toList();

    void restore() {
      for (int i = 0; i < SIGNALS.size(); i++) {
        write(SIGNALS.get(i), actions.get(i));
      }
    }
  }

  private static final class Libc {
    private static final MethodHandle SIGACTION =
        Downcalls.libc("sigaction", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
  }
}
