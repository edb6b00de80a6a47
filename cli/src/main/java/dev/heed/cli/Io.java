package dev.heed.cli;

import java.io.BufferedOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command reads and writes: UTF-8, whatever the locale says.
 *
 * @param in standard input, as bytes
 * @param out results
 * @param err failures and progress
 * @param terminal true if a person watches {@code err}
 */
record Io(InputStream in, PrintStream out, PrintStream err, boolean terminal) {
  static Io of(InputStream in, OutputStream out, OutputStream err, boolean terminal) {
    return new Io(
        in,
        new PrintStream(new BufferedOutputStream(out, 1 << 16), false, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        terminal);
  }

  /** One line for a person, between results; nothing where nobody watches. */
  void note(String line) {
    if (terminal) {
      out.flush();
      err.println(line);
    }
  }
}
