package dev.heed.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Little-endian bytes that grow. */
final class Bytes {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  Bytes i8(int v) {
    out.write(v);
    return this;
  }

  Bytes i16(int v) {
    return i8(v).i8(v >> 8);
  }

  Bytes i32(long v) {
    return i16((int) v).i16((int) (v >> 16));
  }

  Bytes i64(long v) {
    return i32(v).i32(v >> 32);
  }

  Bytes f32(float v) {
    return i32(Float.floatToRawIntBits(v));
  }

  Bytes f64(double v) {
    return i64(Double.doubleToRawLongBits(v));
  }

  Bytes raw(byte[] v) {
    out.writeBytes(v);
    return this;
  }

  /** UTF-8 without a length. */
  Bytes text(String v) {
    return raw(v.getBytes(StandardCharsets.UTF_8));
  }

  /** GGUF's string: 64-bit length and UTF-8. */
  Bytes string(String v) {
    byte[] utf8 = v.getBytes(StandardCharsets.UTF_8);
    return i64(utf8.length).raw(utf8);
  }

  /** Protocol Buffers' variable-length integer. */
  Bytes varint(long v) {
    long rest = v;
    while ((rest & ~0x7fL) != 0) {
      i8((int) (rest & 0x7f | 0x80));
      rest >>>= 7;
    }
    return i8((int) rest);
  }

  /** A Protocol Buffers field with an integer. */
  Bytes field(int number, long v) {
    return varint((long) number << 3).varint(v);
  }

  /** A Protocol Buffers field with bytes, text or a message. */
  Bytes field(int number, byte[] v) {
    return varint((long) number << 3 | 2).varint(v.length).raw(v);
  }

  Bytes field(int number, String v) {
    return field(number, v.getBytes(StandardCharsets.UTF_8));
  }

  Bytes zeros(int n) {
    return raw(new byte[n]);
  }

  Bytes pad(int alignment) {
    return zeros(Math.floorMod(-out.size(), alignment));
  }

  int size() {
    return out.size();
  }

  byte[] toArray() {
    return out.toByteArray();
  }

  static Bytes floats(float... values) {
    Bytes out = new Bytes();
    for (float v : values) {
      out.f32(v);
    }
    return out;
  }
}
