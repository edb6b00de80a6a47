package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i16;
import static dev.heed.device.cpu.Memory.i32;
import static dev.heed.device.cpu.Memory.i8;

import dev.heed.tensor.DType;

/** Numbers in blocks of Q8_0, the type that activations are rounded to: F16 scale, 32 bytes. */
final class ActivationBlocks {
  /** Elements of a block. */
  static final int SIZE = DType.Q8_0.blockSize();

  /** Bytes of a block. */
  static final int BYTES = DType.Q8_0.blockBytes();

  /** Added before truncation it rounds ties away from 0: the last number below 0.5. */
  static final float HALF = Math.nextDown(0.5f);

  private ActivationBlocks() {}

  /** Rounds whole blocks as {@link dev.heed.op.Op.Cast} tells. */
  static void round(long out, long in, long n) {
    for (long i = 0; i < n; i += SIZE) {
      block(out + i / SIZE * BYTES, in + 4 * i);
    }
  }

  private static void block(long out, long in) {
    int most = 0; // as bits, so that a NaN is the most
    for (int j = 0; j < SIZE; j++) {
      most = Math.max(most, i32(in + 4 * j) & Integer.MAX_VALUE);
    }
    float d = Float.intBitsToFloat(most) / 127;
    float inverse = d == 0 ? 0 : 1 / d;
    i16(out, Float.floatToFloat16(d));
    for (int j = 0; j < SIZE; j += 4) {
      long at = in + 4 * j;
      int low = quant(f32(at), inverse) & 0xff | (quant(f32(at + 4), inverse) & 0xff) << 8;
      int high = quant(f32(at + 8), inverse) & 0xff | (quant(f32(at + 12), inverse) & 0xff) << 8;
      i32(out + 2 + j, low | high << 16);
    }
  }

  /** The numbers of whole blocks. */
  static void widen(long out, long in, long n) {
    for (long i = 0; i < n; i += SIZE) {
      long block = in + i / SIZE * BYTES;
      float d = Float.float16ToFloat(i16(block));
      for (int j = 0; j < SIZE; j++) {
        f32(out + 4 * (i + j), d * i8(block + 2 + j));
      }
    }
  }

  private static int quant(float x, float inverse) {
    float v = x * inverse;
    return (int) (v + Math.copySign(HALF, v));
  }
}
