package dev.heed.checkpoint;

/** Walks through the header of a GGUF file; no read leaves the file. */
final class GgufReader {
  /** The specification's limit on keys; the reference's on strings is 2^30. */
  static final long MAX_KEY = 65_535;

  static final long MAX_STRING = 1L << 30;

  private final MappedFile file;
  private long position;

  GgufReader(MappedFile file) {
    this.file = file;
  }

  MappedFile file() {
    return file;
  }

  long position() {
    return position;
  }

  long remaining() {
    return file.size() - position;
  }

  int readInt(String what) {
    require(4, what);
    int value = file.intAt(position);
    position += 4;
    return value;
  }

  long readLong(String what) {
    require(8, what);
    long value = file.longAt(position);
    position += 8;
    return value;
  }

  /**
   * A number of things that take at least {@code each} bytes apiece: no more than there is room.
   */
  long readCount(long each, String what) {
    long count = readLong(what);
    if (count < 0 || count > remaining() / each) {
      throw file.damaged(
          "%s would be %s, the file has room for %d",
          what, Long.toUnsignedString(count), remaining() / each);
    }
    return count;
  }

  /** Skips {@code count} things of {@code each} bytes, a product already known to fit. */
  void skip(long count, long each) {
    position += count * each;
  }

  /** A string of at most {@code max} bytes: 64-bit length, then UTF-8. */
  String readString(long max, String what) {
    long length = stringLength(max, what);
    String text = file.text(position, length, what).toString();
    position += length;
    return text;
  }

  void skipString(String what) {
    long length = stringLength(MAX_STRING, what); // moves the position
    position += length;
  }

  private long stringLength(long max, String what) {
    long length = readLong(what);
    if (length < 0 || length > max || length > remaining()) {
      throw file.damaged(
          "%s would be %s bytes, allowed are %d",
          what, Long.toUnsignedString(length), Math.min(max, remaining()));
    }
    return length;
  }

  private void require(long bytes, String what) {
    if (remaining() < bytes) {
      throw file.damaged("it ends at byte %d, within %s", file.size(), what);
    }
  }
}
