package dev.heed.checkpoint;

import java.nio.file.Path;

/** A checkpoint that cannot be used; the message is one line: file, tensor or key, what to do. */
public final class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Names come from the file: without a limit a hostile one would fill the terminal. */
  private static final int MAX_LENGTH = 1000;

  /** What is wrong with {@code file}. */
  public CheckpointException(Path file, String what) {
    this(file, what, null);
  }

  /** What is wrong with {@code file}, found by {@code cause}. */
  public CheckpointException(Path file, String what, Throwable cause) {
    super(oneLine(file + ": " + what), cause);
  }

  private static String oneLine(String text) {
    String cut = text.length() > MAX_LENGTH ? text.substring(0, MAX_LENGTH) + "..." : text;
    return cut.replaceAll("\\p{Cntrl}", "?");
  }
}
