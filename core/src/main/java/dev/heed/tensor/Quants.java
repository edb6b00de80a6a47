package dev.heed.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Conversion between F32 and every other way {@link DType} stores real numbers: the scalar
 * reference that tests and devices compare with. Values are little-endian and need no alignment.
 *
 * <p>Both directions give the bits that ggml's reference functions give ({@code ggml-quants.c},
 * {@code dequantize_row_*} and {@code quantize_row_*_ref}), computed in F32 without fused
 * multiply-add.
 */
public final class Quants {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Elements converted at a time; a multiple of every block size. */
  private static final int CHUNK = 256;

  private Quants() {}

  /** True for the types {@link #dequantize} reads: the floating-point and the block types. */
  public static boolean canDequantize(DType type) {
    return type.isFloat() || type.isBlock();
  }

  /** True for the types {@link #quantize} writes: all of {@link #canDequantize} but the K types. */
  public static boolean canQuantize(DType type) {
    return type.isFloat() || (type.isBlock() && type.blockSize() == 32);
  }

  /**
   * Reads {@code elements} elements of {@code type} as F32.
   *
   * @param src holds {@code type.bytes(elements)} bytes from {@code srcOffset}, in bytes
   * @param dst gets {@code 4 * elements} bytes from {@code dstOffset}, in bytes; no overlap
   * @throws IllegalArgumentException for a type that is not real numbers, or partial blocks
   * @throws IndexOutOfBoundsException if a range leaves its segment; nothing is written then
   */
  public static void dequantize(
      DType type,
      MemorySegment src,
      long srcOffset,
      MemorySegment dst,
      long dstOffset,
      long elements) {
    if (!canDequantize(type)) {
      throw new IllegalArgumentException("dequantize: " + type + " does not store real numbers");
    }
    Objects.checkFromIndexSize(srcOffset, type.bytes(elements), src.byteSize());
    Objects.checkFromIndexSize(dstOffset, DType.F32.bytes(elements), dst.byteSize());
    if (type == DType.F32) {
      MemorySegment.copy(src, srcOffset, dst, dstOffset, DType.F32.bytes(elements));
      return;
    }
    float[] values = new float[CHUNK];
    for (long e = 0; e < elements; e += CHUNK) {
      int n = (int) Math.min(CHUNK, elements - e);
      for (int i = 0; i < n; i += type.blockSize()) {
        decode(type, src, srcOffset + type.bytes(e + i), values, i);
      }
      MemorySegment.copy(values, 0, dst, FLOAT, dstOffset + 4 * e, n);
    }
  }

  /**
   * The same into a new array.
   *
   * @throws IllegalArgumentException for a type that is not real numbers, or partial blocks
   * @throws IndexOutOfBoundsException if the range leaves {@code src}
   */
  public static float[] dequantize(DType type, MemorySegment src, long srcOffset, int elements) {
    Objects.checkFromIndexSize(srcOffset, type.bytes(elements), src.byteSize());
    float[] out = new float[elements];
    dequantize(type, src, srcOffset, MemorySegment.ofArray(out), 0, elements);
    return out;
  }

  /**
   * Stores {@code elements} F32 elements as {@code type}, rounding to nearest.
   *
   * @param src holds {@code 4 * elements} bytes from {@code srcOffset}, in bytes
   * @param dst gets {@code type.bytes(elements)} bytes from {@code dstOffset}, in bytes; no overlap
   * @throws IllegalArgumentException for a type {@link #canQuantize} excludes, or partial blocks
   * @throws IndexOutOfBoundsException if a range leaves its segment; nothing is written then
   */
  public static void quantize(
      DType type,
      MemorySegment src,
      long srcOffset,
      MemorySegment dst,
      long dstOffset,
      long elements) {
    if (!canQuantize(type)) {
      throw new IllegalArgumentException("quantize: no writer for " + type);
    }
    Objects.checkFromIndexSize(srcOffset, DType.F32.bytes(elements), src.byteSize());
    Objects.checkFromIndexSize(dstOffset, type.bytes(elements), dst.byteSize());
    if (type == DType.F32) {
      MemorySegment.copy(src, srcOffset, dst, dstOffset, DType.F32.bytes(elements));
      return;
    }
    float[] values = new float[CHUNK];
    for (long e = 0; e < elements; e += CHUNK) {
      int n = (int) Math.min(CHUNK, elements - e);
      MemorySegment.copy(src, FLOAT, srcOffset + 4 * e, values, 0, n);
      for (int i = 0; i < n; i += type.blockSize()) {
        encode(type, values, i, dst, dstOffset + type.bytes(e + i));
      }
    }
  }

  /**
   * Numbers of one type as another, by way of F32.
   *
   * @param src from its first byte on
   * @return in memory of {@code arena}
   */
  public static MemorySegment convert(
      DType from, MemorySegment src, DType to, long elements, Arena arena) {
    MemorySegment dst = arena.allocate(to.bytes(elements), 64);
    try (Arena local = Arena.ofConfined()) {
      long step = Math.min(elements, 256L * CHUNK);
      MemorySegment f32 = local.allocate(DType.F32.bytes(step), Float.BYTES);
      for (long e = 0; e < elements; e += step) {
        long n = Math.min(step, elements - e);
        dequantize(from, src, from.bytes(e), f32, 0, n);
        quantize(to, f32, 0, dst, to.bytes(e), n);
      }
    }
    return dst;
  }

  /** F32 to BF16, to nearest with ties to even; a NaN stays a NaN. */
  public static short floatToBFloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 64);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** BF16 to F32, exact. */
  public static float bfloat16ToFloat(short value) {
    return Float.intBitsToFloat(value << 16);
  }

  /** One block at byte {@code at} into {@code out[o ..]}. */
  private static void decode(DType type, MemorySegment src, long at, float[] out, int o) {
    switch (type) {
      case F16 -> out[o] = half(src, at);
      case BF16 -> out[o] = bfloat16ToFloat(src.get(SHORT, at));
      case Q8_0 -> decodeQ8(src, at, out, o);
      case Q4_0 -> decode4(src, at + 2, half(src, at), -8, -0f, out, o);
      case Q4_1 -> decode4(src, at + 4, half(src, at), 0, half(src, at + 2), out, o);
      case Q5_0 -> decode5(src, at + 2, half(src, at), -16, -0f, out, o);
      case Q5_1 -> decode5(src, at + 4, half(src, at), 0, half(src, at + 2), out, o);
      case Q4_K -> decodeQ4K(src, at, out, o);
      case Q5_K -> decodeQ5K(src, at, out, o);
      case Q6_K -> decodeQ6K(src, at, out, o);
      default -> throw new IllegalArgumentException("dequantize: " + type);
    }
  }

  private static void decodeQ8(MemorySegment src, long at, float[] out, int o) {
    float d = half(src, at);
    for (int j = 0; j < 32; j++) {
      out[o + j] = src.get(ValueLayout.JAVA_BYTE, at + 2 + j) * d;
    }
  }

  /**
   * 16 bytes: low halves are elements 0 to 15, high halves 16 to 31. Adding {@code m = -0f} changes
   * nothing, not even the sign of a zero.
   */
  private static void decode4(
      MemorySegment src, long at, float d, int shift, float m, float[] out, int o) {
    for (int j = 0; j < 16; j++) {
      int q = ubyte(src, at + j);
      out[o + j] = ((q & 15) + shift) * d + m;
      out[o + j + 16] = ((q >> 4) + shift) * d + m;
    }
  }

  /** 32 fifth bits, one an element, then 16 bytes as in {@link #decode4}. */
  private static void decode5(
      MemorySegment src, long at, float d, int shift, float m, float[] out, int o) {
    int high = src.get(INT, at);
    for (int j = 0; j < 16; j++) {
      int q = ubyte(src, at + 4 + j);
      int low = (q & 15) | ((high >>> j) & 1) << 4;
      int top = (q >> 4) | ((high >>> (j + 16)) & 1) << 4;
      out[o + j] = (low + shift) * d + m;
      out[o + j + 16] = (top + shift) * d + m;
    }
  }

  /** d, dmin (F16), 12 bytes of 6-bit scales and minima, 128 bytes of 4-bit quants. */
  private static void decodeQ4K(MemorySegment src, long at, float[] out, int o) {
    float d = half(src, at);
    float dmin = half(src, at + 2);
    for (int g = 0; g < 8; g++) {
      float scale = d * groupScale(src, at + 4, g);
      float min = dmin * groupMin(src, at + 4, g);
      long quants = at + 16 + 32 * (g / 2);
      for (int j = 0; j < 32; j++) {
        int q = (ubyte(src, quants + j) >> (4 * (g % 2))) & 15;
        out[o + 32 * g + j] = scale * q - min;
      }
    }
  }

  /** As Q4_K, with 32 bytes of fifth bits (bit g of byte j for element j of group g) between. */
  private static void decodeQ5K(MemorySegment src, long at, float[] out, int o) {
    float d = half(src, at);
    float dmin = half(src, at + 2);
    for (int g = 0; g < 8; g++) {
      float scale = d * groupScale(src, at + 4, g);
      float min = dmin * groupMin(src, at + 4, g);
      long quants = at + 48 + 32 * (g / 2);
      for (int j = 0; j < 32; j++) {
        int low = (ubyte(src, quants + j) >> (4 * (g % 2))) & 15;
        int high = (ubyte(src, at + 16 + j) >> g) & 1;
        out[o + 32 * g + j] = scale * (low | high << 4) - min;
      }
    }
  }

  /** 6-bit scale of group {@code g} out of the 12 packed bytes of Q4_K and Q5_K. */
  private static int groupScale(MemorySegment src, long at, int g) {
    return g < 4
        ? ubyte(src, at + g) & 63
        : (ubyte(src, at + g + 4) & 15) | (ubyte(src, at + g - 4) >> 6) << 4;
  }

  /** 6-bit minimum of group {@code g}. */
  private static int groupMin(MemorySegment src, long at, int g) {
    return g < 4
        ? ubyte(src, at + g + 4) & 63
        : (ubyte(src, at + g + 4) >> 4) | (ubyte(src, at + g) >> 6) << 4;
  }

  /** 128 bytes of low 4 bits, 64 bytes of high 2 bits, 16 int8 scales, d (F16). */
  private static void decodeQ6K(MemorySegment src, long at, float[] out, int o) {
    float d = half(src, at + 208);
    for (int i = 0; i < 256; i++) {
      int half = i / 128; // of the block
      int part = i / 32 % 4; // of the half
      int j = i % 32;
      int low = ubyte(src, at + 64 * half + 32 * (part % 2) + j) >> (4 * (part / 2)) & 15;
      int high = ubyte(src, at + 128 + 32 * half + j) >> (2 * part) & 3;
      byte scale = src.get(ValueLayout.JAVA_BYTE, at + 192 + i / 16);
      out[o + i] = d * scale * ((low | high << 4) - 32);
    }
  }

  private static void encode(DType type, float[] x, int o, MemorySegment dst, long at) {
    switch (type) {
      case F16 -> dst.set(SHORT, at, Float.floatToFloat16(x[o]));
      case BF16 -> dst.set(SHORT, at, floatToBFloat16(x[o]));
      case Q8_0 -> encodeQ8(x, o, dst, at);
      case Q4_0 -> encodeAround(x, o, 4, dst, at);
      case Q5_0 -> encodeAround(x, o, 5, dst, at);
      case Q4_1 -> encodeFromMin(x, o, 4, dst, at);
      case Q5_1 -> encodeFromMin(x, o, 5, dst, at);
      default -> throw new IllegalArgumentException("quantize: no writer for " + type);
    }
  }

  private static void encodeQ8(float[] x, int o, MemorySegment dst, long at) {
    float max = 0;
    for (int j = 0; j < 32; j++) {
      max = Math.max(max, Math.abs(x[o + j]));
    }
    float d = max / 127;
    float inverse = d == 0 ? 0 : 1 / d;
    dst.set(SHORT, at, Float.floatToFloat16(d));
    for (int j = 0; j < 32; j++) {
      float v = x[o + j] * inverse;
      // Ties go away from zero, as C's roundf.
      dst.set(ValueLayout.JAVA_BYTE, at + 2 + j, (byte) (v + Math.copySign(0.5, v)));
    }
  }

  /** Q4_0 and Q5_0: the value of largest magnitude becomes -2^(bits - 1). */
  private static void encodeAround(float[] x, int o, int bits, MemorySegment dst, long at) {
    float extreme = 0;
    for (int j = 0; j < 32; j++) {
      if (Math.abs(extreme) < Math.abs(x[o + j])) {
        extreme = x[o + j];
      }
    }
    int middle = 1 << (bits - 1);
    float d = extreme / -middle;
    float inverse = d == 0 ? 0 : 1 / d;
    dst.set(SHORT, at, Float.floatToFloat16(d));
    int[] q = new int[32];
    for (int j = 0; j < 32; j++) {
      q[j] = Math.min(2 * middle - 1, (int) (x[o + j] * inverse + (middle + 0.5f)));
    }
    store(q, bits, dst, at + 2);
  }

  /** Q4_1 and Q5_1: the least value becomes 0, the largest 2^bits - 1. */
  private static void encodeFromMin(float[] x, int o, int bits, MemorySegment dst, long at) {
    float min = x[o];
    float max = x[o];
    for (int j = 1; j < 32; j++) {
      min = Math.min(min, x[o + j]);
      max = Math.max(max, x[o + j]);
    }
    int top = (1 << bits) - 1;
    float d = (max - min) / top;
    float inverse = d == 0 ? 0 : 1 / d;
    dst.set(SHORT, at, Float.floatToFloat16(d));
    dst.set(SHORT, at + 2, Float.floatToFloat16(min));
    int[] q = new int[32];
    for (int j = 0; j < 32; j++) {
      q[j] = Math.min(top, (int) ((x[o + j] - min) * inverse + 0.5f));
    }
    store(q, bits, dst, at + 4);
  }

  /** The inverse of {@link #decode4} and {@link #decode5}. */
  private static void store(int[] q, int bits, MemorySegment dst, long at) {
    if (bits == 5) {
      int high = 0;
      for (int j = 0; j < 32; j++) {
        high |= (q[j] >> 4) << j;
      }
      dst.set(INT, at, high);
      at += 4;
    }
    for (int j = 0; j < 16; j++) {
      dst.set(ValueLayout.JAVA_BYTE, at + j, (byte) (q[j] & 15 | (q[j + 16] & 15) << 4));
    }
  }

  private static int ubyte(MemorySegment src, long at) {
    return src.get(ValueLayout.JAVA_BYTE, at) & 0xff;
  }

  private static float half(MemorySegment src, long at) {
    return Float.float16ToFloat(src.get(SHORT, at));
  }
}
