package dev.heed.cli;

import dev.heed.device.DeviceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.stream.Collectors;

/** Turns whatever went wrong into one line for a person. */
final class Failures {
  private Failures() {}

  /** What happened, on one line, without a stack trace. */
  static String line(Throwable e) {
    return oneLine(
        switch (e) {
          case UncheckedIOException io -> line(io.getCause());
          case FileSystemException file -> line(file);
          case OutOfMemoryError memory ->
              "out of memory ("
                  + memory.getMessage()
                  + "); ask for less, or give Java more with HEED_JAVA_OPTS=-Xmx8g";
          case CommandFailure failure -> failure.getMessage();
          case DeviceException device -> device.getMessage();
          case IOException io -> named(io);
          default -> isOurs(e) ? e.getMessage() : internal(e);
        });
  }

  private static String line(FileSystemException e) {
    return switch (e) {
      case NoSuchFileException missing -> missing.getFile() + ": no such file or folder";
      case AccessDeniedException denied -> denied.getFile() + ": no permission";
      case NotDirectoryException file -> file.getFile() + ": not a folder";
      case FileAlreadyExistsException there -> there.getFile() + ": is already there";
      default -> e.getFile() + ": " + (e.getReason() == null ? named(e) : e.getReason());
    };
  }

  /** The engine's own exceptions carry a line for people; any other is a bug. */
  private static boolean isOurs(Throwable e) {
    return e.getMessage() != null
        && (e instanceof IllegalArgumentException
            || e.getClass().getPackageName().startsWith("dev.heed"));
  }

  private static String internal(Throwable e) {
    return "internal error: " + named(e) + "; HEED_DEBUG=1 shows where";
  }

  private static String named(Throwable e) {
    String name = e.getClass().getSimpleName();
    return e.getMessage() == null ? name : name + ": " + e.getMessage();
  }

  /** Line ends become spaces and other control characters question marks. */
  private static String oneLine(String text) {
    return String.valueOf(text)
        .lines()
        .map(String::strip)
        .filter(s -> !s.isEmpty())
        .collect(Collectors.joining(" "))
        .replaceAll("\\p{Cntrl}", "?");
  }
}
