package dev.heed.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Texts from files and standard input: UTF-8, strictly. */
final class Texts {
  private Texts() {}

  /**
   * All of a stream as one text.
   *
   * @param name for messages
   * @throws CommandFailure if it is not UTF-8
   */
  static String all(InputStream in, String name) throws IOException {
    byte[] bytes = in.readAllBytes();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw notUtf8(name, e);
    }
  }

  /** Lines of a file, or of {@code stdin} for {@code -}, a window at a time. */
  static final class Lines implements TextSource {
    private final String name;
    private final BufferedReader reader;
    private long read;

    Lines(String file, InputStream stdin) throws IOException {
      this.name = file.equals("-") ? "standard input" : file;
      if (!file.equals("-") && Files.isDirectory(Path.of(file))) {
        throw new CommandFailure(file + ": is a folder, give a file with one text a line");
      }
      InputStream in = file.equals("-") ? stdin : Files.newInputStream(Path.of(file));
      this.reader =
          new BufferedReader(
              new InputStreamReader(
                  in,
                  StandardCharsets.UTF_8
                      .newDecoder()
                      .onMalformedInput(CodingErrorAction.REPORT)
                      .onUnmappableCharacter(CodingErrorAction.REPORT)));
    }

    /** Up to {@code most} further lines; none at the end. */
    @Override
    public List<String> next(int most) throws IOException {
      List<String> lines = new ArrayList<>();
      try {
        String line;
        while (lines.size() < most && (line = reader.readLine()) != null) {
          lines.add(line);
        }
      } catch (CharacterCodingException e) {
        throw notUtf8(name + " (near line " + (read + lines.size() + 1) + ")", e);
      }
      read += lines.size();
      return lines;
    }

    @Override
    public void close() throws IOException {
      reader.close();
    }
  }

  /** How many lines a file has. */
  static long count(Path file) throws IOException {
    long lines = 0;
    try (Reader in = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
      char[] some = new char[1 << 16];
      char last = '\n';
      for (int n = in.read(some); n > 0; n = in.read(some)) {
        for (int i = 0; i < n; i++) {
          lines += some[i] == '\n' ? 1 : 0;
        }
        last = some[n - 1];
      }
      return last == '\n' ? lines : lines + 1;
    }
  }

  private static CommandFailure notUtf8(String name, CharacterCodingException e) {
    return new CommandFailure(
        name + ": is not UTF-8 text; convert it first, such as with iconv -t UTF-8", e);
  }
}
