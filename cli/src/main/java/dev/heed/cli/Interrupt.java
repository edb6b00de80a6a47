package dev.heed.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C ends a command between two tokens or batches: it finishes its line, removes its unfinished
 * files, and the process ends with 130.
 */
final class Interrupt {
  /** Exit code of a command that Ctrl-C ended. */
  static final int CODE = 130;

  /** A command that does not end in time is abandoned, so that Ctrl-C never hangs. */
  private static final long PATIENCE_SECONDS = 3;

  private static final CountDownLatch FINISHED = new CountDownLatch(1);
  private static volatile boolean asked;

  private Interrupt() {}

  /** From now on the end of the JVM waits for the running command to stop. */
  static void install() {
    Runtime.getRuntime().addShutdownHook(new Thread(Interrupt::end, "interrupt"));
  }

  private static void end() {
    asked = true;
    try {
      FINISHED.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The command has ended; nothing waits for it any more. */
  static void finished() {
    FINISHED.countDown();
  }

  /** Whether the user wants the command to end. */
  static boolean asked() {
    return asked;
  }

  /** Ends the command if the user wants that. */
  static void check() {
    if (asked) {
      throw new CommandFailure("interrupted");
    }
  }
}
