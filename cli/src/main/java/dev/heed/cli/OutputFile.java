package dev.heed.cli;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A text file that appears under its name only when it is complete. */
final class OutputFile implements AutoCloseable {
  private final Path path;
  private final Path temporary;
  private final Writer writer;

  /**
   * Begins a file.
   *
   * @throws IOException if its folder is not there or not writable
   */
  OutputFile(Path path) throws IOException {
    requireWritable(path);
    this.path = path;
    this.temporary = temporary(path);
    this.writer =
        Files.newBufferedWriter(
            temporary,
            StandardCharsets.UTF_8,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
  }

  /**
   * Says early, before hours of work, that a file cannot be written.
   *
   * @throws CommandFailure with the reason
   */
  static void requireWritable(Path path) {
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null || Files.isDirectory(path)) {
      throw new CommandFailure(path + ": is a folder, give a file");
    }
    if (!Files.isDirectory(folder)) {
      throw new CommandFailure(path + ": there is no folder " + folder);
    }
    if (!Files.isWritable(folder)) {
      throw new CommandFailure(path + ": no permission to write in " + folder);
    }
  }

  /** Writes a whole file that is no text. */
  static void write(Path path, byte[] bytes) throws IOException {
    Path part = temporary(path);
    try {
      Files.write(part, bytes);
      Files.move(part, path, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static Path temporary(Path path) {
    return path.resolveSibling(
        "." + path.getFileName() + "." + ProcessHandle.current().pid() + ".part");
  }

  /** Where to write text. */
  Writer writer() {
    return writer;
  }

  /** Writes a line. */
  void line(String text) throws IOException {
    writer.write(text);
    writer.write('\n');
  }

  /** Gives the complete file its name, in place of what was there. */
  void commit() throws IOException {
    writer.close();
    Files.move(temporary, path, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Without {@link #commit} before, leaves nothing behind. */
  @Override
  public void close() throws IOException {
    writer.close();
    Files.deleteIfExists(temporary);
  }
}
