package dev.heed.checkpoint;

import dev.heed.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BiFunction;

/**
 * A file as read-only memory, little-endian.
 *
 * @param path for messages
 * @param bytes the whole file; more than 2 GiB is fine
 */
record MappedFile(Path path, MemorySegment bytes) {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Maps {@code path} for as long as {@code arena} lives. */
  static MappedFile map(Path path, Arena arena) {
    if (!Files.exists(path)) {
      throw new CheckpointException(path, "no such file; check the path");
    }
    if (!Files.isRegularFile(path)) {
      throw new CheckpointException(path, "not a file; name a checkpoint file or its folder");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      return new MappedFile(path, channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena));
    } catch (IOException e) {
      throw new CheckpointException(path, "cannot read it: " + e, e);
    }
  }

  /** Maps {@code path} in a shared arena of its own, which is closed if {@code reader} throws. */
  static <C> C open(Path path, BiFunction<MappedFile, Arena, C> reader) {
    Arena arena = Arena.ofShared();
    boolean done = false;
    try {
      C result = reader.apply(map(path, arena), arena);
      done = true;
      return result;
    } finally {
      if (!done) {
        arena.close();
      }
    }
  }

  long size() {
    return bytes.byteSize();
  }

  /** Bytes {@code [offset, offset + length)}, both already known to be inside. */
  MemorySegment slice(long offset, long length) {
    return bytes.asSlice(offset, length);
  }

  /** True if {@code length} bytes from {@code offset} are inside; no overflow. */
  boolean contains(long offset, long length) {
    return offset >= 0 && length >= 0 && offset <= size() && length <= size() - offset;
  }

  short shortAt(long offset) {
    return bytes.get(SHORT, offset);
  }

  int intAt(long offset) {
    return bytes.get(INT, offset);
  }

  long longAt(long offset) {
    return bytes.get(LONG, offset);
  }

  /**
   * Text at {@code [offset, offset + length)}, inside and below 2 GiB; {@code what} for messages.
   */
  CharBuffer text(long offset, long length, String what) {
    ByteBuffer utf8 = ByteBuffer.wrap(slice(offset, length).toArray(ValueLayout.JAVA_BYTE));
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(utf8);
    } catch (CharacterCodingException e) {
      throw new CheckpointException(path, what + " is not UTF-8; the file is damaged", e);
    }
  }

  /** The shape of tensor {@code name}. */
  Shape shape(String name, long... dims) {
    try {
      return Shape.of(dims);
    } catch (ArithmeticException e) {
      throw damaged("tensor %s has more elements than 64 bits count", name);
    } catch (IllegalArgumentException e) {
      throw damaged("tensor %s: %s", name, e.getMessage());
    }
  }

  /**
   * The file {@code name} beside or below this one. The name comes from the file, so it may not
   * lead elsewhere; {@code what} for the message.
   */
  Path beside(String name, String what) {
    boolean plain =
        !name.startsWith("/") && name.chars().noneMatch(c -> c < ' ' || c == ':' || c == '\\');
    try {
      Path relative = Path.of(plain ? name : "..").normalize();
      if (!relative.toString().isEmpty() && !relative.startsWith("..")) {
        return path.resolveSibling(relative);
      }
    } catch (InvalidPathException e) {
      throw damaged("%s has its data in '%s', which is no file name", what, name);
    }
    throw damaged("%s has its data in '%s', not beside it", what, name);
  }

  /** An exception that says what is wrong with the bytes, and to fetch them again. */
  CheckpointException damaged(String format, Object... args) {
    return new CheckpointException(
        path, format.formatted(args) + "; the file is damaged or cut short, fetch it again");
  }
}
