package dev.heed.checkpoint;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Walks through the fields of one Protocol Buffers message in a file, without recursion: a nested
 * message is a reader of its own over its range. No read leaves the range. (Encoding: "Protocol
 * Buffers Encoding", protobuf.dev.)
 */
final class ProtobufReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final MappedFile file;
  private final String what;
  private final long end;
  private long position;

  private int field;
  private int wire;
  private long value; // varint, or length of BYTES
  private long start; // of BYTES

  /** The message at {@code [position, end)}, inside the file; {@code what} for messages. */
  ProtobufReader(MappedFile file, long position, long end, String what) {
    this.file = file;
    this.position = position;
    this.end = end;
    this.what = what;
  }

  /** Reads the next field; false at the end of the message. */
  boolean next() {
    if (position == end) {
      return false;
    }
    long tag = readVarint();
    field = (int) (tag >>> 3);
    wire = (int) (tag & 7);
    if (field == 0 || tag >>> 32 != 0) {
      throw bad("a field number out of range");
    }
    switch (wire) {
      case VARINT -> value = readVarint();
      case FIXED64 -> skip(8);
      case FIXED32 -> skip(4);
      case BYTES -> {
        value = readVarint();
        start = position;
        skip(value);
      }
      default -> throw bad("wire type " + wire);
    }
    return true;
  }

  int field() {
    return field;
  }

  /** Encoding of the current field. */
  int wire() {
    return wire;
  }

  /** The current field's integer. */
  long varint() {
    expect(VARINT);
    return value;
  }

  /** The current field's text. */
  String text() {
    expect(BYTES);
    if (value > 1 << 20) {
      throw bad("a name of " + value + " bytes");
    }
    return file.text(start, value, what).toString();
  }

  /** The current field's message. */
  ProtobufReader message(String name) {
    expect(BYTES);
    return new ProtobufReader(file, start, start + value, name);
  }

  /** Offset in the file of the current field's bytes. */
  long bytesStart() {
    expect(BYTES);
    return start;
  }

  /** Length of the current field's bytes. */
  long bytesLength() {
    expect(BYTES);
    return value;
  }

  /** The current field is a repeated integer, packed or not: appends its values to {@code dims}. */
  long[] integers(long[] dims, int limit) {
    if (wire == VARINT) {
      return append(dims, value, limit);
    }
    ProtobufReader packed = message(what);
    while (packed.position < packed.end) {
      dims = append(dims, packed.readVarint(), limit);
    }
    return dims;
  }

  private long[] append(long[] values, long next, int limit) {
    if (values.length == limit) {
      throw bad("more than " + limit + " dimensions");
    }
    long[] longer = Arrays.copyOf(values, values.length + 1);
    longer[values.length] = next;
    return longer;
  }

  private void skip(long bytes) {
    if (bytes < 0 || bytes > end - position) {
      throw bad(
          "a field of %s bytes where %d are left"
              .formatted(Long.toUnsignedString(bytes), end - position));
    }
    position += bytes;
  }

  private long readVarint() {
    long result = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (position == end) {
        throw bad("a number cut short");
      }
      byte b = file.bytes().get(ValueLayout.JAVA_BYTE, position++);
      result |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return result;
      }
    }
    throw bad("a number of more than 10 bytes");
  }

  private void expect(int wanted) {
    if (wire != wanted) {
      throw bad("field " + field + " with wire type " + wire + " instead of " + wanted);
    }
  }

  private CheckpointException bad(String problem) {
    return file.damaged("%s has %s at byte %d", what, problem, position);
  }
}
