package dev.heed.opencl;

import dev.heed.kernels.Kernels;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Kernel files put together: {@code #include "other.cl"} is replaced by that file the first time
 * and by nothing after, with {@code #line} directives, so that compilers name the real place.
 */
final class Source {
  private static final Pattern INCLUDE = Pattern.compile("\\s*#\\s*include\\s+\"([^\"]+)\"\\s*");

  private Source() {}

  /**
   * A kernel file with all it includes.
   *
   * @param file below {@code kernels/opencl}: {@code norm.cl}
   * @throws UncheckedIOException if there is no such file
   */
  static String of(String file) {
    StringBuilder all = new StringBuilder();
    append(file, all, new HashSet<>());
    return all.toString();
  }

  private static void append(String file, StringBuilder to, Set<String> seen) {
    if (!seen.add(file)) {
      return;
    }
    to.append("#line 1 \"").append(file).append("\"\n");
    int line = 0;
    for (String text : read(file).split("\n", -1)) {
      line++;
      Matcher include = INCLUDE.matcher(text);
      if (include.matches()) {
        append(include.group(1), to, seen);
        to.append("#line ").append(line + 1).append(" \"").append(file).append("\"\n");
      } else {
        to.append(text).append('\n');
      }
    }
  }

  private static String read(String file) {
    try (InputStream in = Kernels.open("opencl/" + file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
