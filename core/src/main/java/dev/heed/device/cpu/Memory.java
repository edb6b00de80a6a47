package dev.heed.device.cpu;

import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Off-heap memory by absolute address: kernels address rows of many tensors, whose bounds and
 * lifetimes {@code Ops} has checked, without a check at each access.
 */
@SuppressWarnings("restricted")
final class Memory {
  /** All of memory; offsets into it are addresses. */
  static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

  private Memory() {}

  /**
   * The address itself, where the compiler can see that it is far from either end of the range: in
   * a loop over {@code plain(at) + 64 * i} nothing is checked, and nothing done to hoist checks.
   */
  static long plain(long at) {
    return at & (1L << 56) - 1;
  }

  /** Address of a tensor's first element. */
  static long address(Tensor t) {
    return t.buffer().handle().address() + t.byteOffset();
  }

  static float f32(long at) {
    return ALL.get(F32, at);
  }

  static void f32(long at, float value) {
    ALL.set(F32, at, value);
  }

  static int i32(long at) {
    return ALL.get(I32, at);
  }

  static void i32(long at, int value) {
    ALL.set(I32, at, value);
  }

  static long i64(long at) {
    return ALL.get(I64, at);
  }

  static short i16(long at) {
    return ALL.get(I16, at);
  }

  static void i16(long at, short value) {
    ALL.set(I16, at, value);
  }

  static byte i8(long at) {
    return ALL.get(ValueLayout.JAVA_BYTE, at);
  }

  /** Copies bytes; the ranges are the same or apart. */
  static void copy(long to, long from, long bytes) {
    MemorySegment.copy(ALL, from, ALL, to, bytes);
  }

  /** Zeros bytes. */
  static void zero(long at, long bytes) {
    ALL.asSlice(at, bytes).fill((byte) 0);
  }
}
