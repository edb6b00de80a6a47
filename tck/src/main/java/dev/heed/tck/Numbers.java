package dev.heed.tck;

import dev.heed.device.HostWeight;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;

/** Between numbers and the bytes that hold them. */
public final class Numbers {
  private Numbers() {}

  /** N(0, 1) in any type; the K types get random blocks with scales of about 0.01. */
  public static MemorySegment normal(Random random, DType dtype, long elements) {
    if (dtype == DType.I32 || dtype == DType.I8) {
      byte[] bytes = new byte[(int) dtype.bytes(elements)];
      random.nextBytes(bytes);
      return MemorySegment.ofArray(bytes);
    }
    if (dtype.isBlock() && !Quants.canQuantize(dtype)) {
      return blocks(random, dtype, (int) (elements / dtype.blockSize()));
    }
    double[] values = new double[(int) elements];
    Arrays.setAll(values, i -> random.nextGaussian());
    return of(dtype, values);
  }

  private static MemorySegment blocks(Random random, DType dtype, int blocks) {
    byte[] bytes = new byte[blocks * dtype.blockBytes()];
    random.nextBytes(bytes);
    MemorySegment segment = MemorySegment.ofArray(bytes);
    for (int b = 0; b < blocks; b++) {
      long at = (long) b * dtype.blockBytes();
      short d = Float.floatToFloat16((float) (0.01 * random.nextGaussian()));
      short min = Float.floatToFloat16((float) (0.01 * random.nextGaussian()));
      if (dtype == DType.Q6_K) {
        segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 208, d);
      } else {
        segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, d);
        segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2, min);
      }
    }
    return segment;
  }

  /** Blocks whose quants are all the largest or all the smallest ones, in turns of 2, 3, 2, 3. */
  public static MemorySegment extreme(DType dtype, long elements) {
    byte[] bytes = new byte[(int) dtype.bytes(elements)];
    MemorySegment segment = MemorySegment.ofArray(bytes);
    int size = dtype.blockBytes();
    for (int at = 0, block = 0; at < bytes.length; at += size, block++) {
      boolean large = block % 5 < 2;
      byte quants = (byte) (dtype != DType.Q8_0 ? large ? 255 : 0 : large ? 127 : -127);
      Arrays.fill(bytes, at, at + size, quants);
      short d = Float.floatToFloat16(0.01f * (1 + block % 3));
      switch (dtype) {
        case Q6_K -> {
          Arrays.fill(bytes, at + 192, at + 208, (byte) 127);
          segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 208, d);
        }
        case Q4_1, Q5_1, Q4_K, Q5_K -> {
          segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, d);
          segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2, d);
          if (dtype.blockSize() == 256) {
            Arrays.fill(bytes, at + 4, at + 16, (byte) 255); // group scales and minima
          }
        }
        default -> segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, d);
      }
    }
    return segment;
  }

  /** Numbers, rounded to nearest even, as stored in {@code dtype}. */
  static MemorySegment of(DType dtype, double... values) {
    if (dtype == DType.I32) {
      return MemorySegment.ofArray(Arrays.stream(values).mapToInt(v -> (int) v).toArray());
    }
    if (dtype == DType.I8) {
      byte[] bytes = new byte[values.length];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) values[i];
      }
      return MemorySegment.ofArray(bytes);
    }
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    MemorySegment stored = MemorySegment.ofArray(new byte[(int) dtype.bytes(values.length)]);
    Quants.quantize(dtype, MemorySegment.ofArray(floats), 0, stored, 0, values.length);
    return stored;
  }

  /** The number nearest to {@code v} that {@code dtype}, a plain type, can hold. */
  public static double round(DType dtype, double v) {
    return switch (dtype) {
      case F32 -> (float) v;
      case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) v));
      case BF16 -> Quants.bfloat16ToFloat(Quants.floatToBFloat16((float) v));
      default -> v;
    };
  }

  /** The elements of dense memory of a type, dequantised. */
  public static double[] decode(DType dtype, MemorySegment dense) {
    double[] values = new double[(int) (dense.byteSize() / dtype.blockBytes()) * dtype.blockSize()];
    if (dtype == DType.I32) {
      Arrays.setAll(values, i -> dense.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i));
    } else if (dtype == DType.I8) {
      Arrays.setAll(values, i -> dense.get(ValueLayout.JAVA_BYTE, i));
    } else {
      float[] floats = Quants.dequantize(dtype, dense, 0, values.length);
      Arrays.setAll(values, i -> floats[i]);
    }
    return values;
  }

  /** The elements of a row-major tensor out of the image of its buffer. */
  static double[] read(Tensor t, MemorySegment image) {
    MemorySegment dense = MemorySegment.ofArray(new byte[(int) t.byteSize()]);
    gather(t, image, dense);
    return decode(t.dtype(), dense);
  }

  /** Puts the rows of a tensor together, out of the image of its buffer. */
  static void gather(Tensor t, MemorySegment image, MemorySegment dense) {
    long row = rowBytes(t);
    for (long i = 0; i < rows(t); i++) {
      MemorySegment.copy(image, at(t, i), dense, i * row, row);
    }
  }

  /** Writes dense bytes to where a tensor lies in the image of its buffer. */
  static void scatter(MemorySegment dense, MemorySegment image, Tensor t) {
    if (dense.byteSize() != t.byteSize()) {
      throw new IllegalArgumentException(
          "%s wants %d bytes, got %d".formatted(t, t.byteSize(), dense.byteSize()));
    }
    long row = rowBytes(t);
    for (long i = 0; i < rows(t); i++) {
      MemorySegment.copy(dense, i * row, image, at(t, i), row);
    }
  }

  /** Clears the elements of a tensor in two images of its buffer. */
  static void forget(Tensor t, byte[] a, byte[] b) {
    for (long i = 0; i < rows(t); i++) {
      int from = (int) at(t, i);
      int to = from + (int) rowBytes(t);
      Arrays.fill(a, from, to, (byte) 0);
      Arrays.fill(b, from, to, (byte) 0);
    }
  }

  /** The row-major [N, K] bytes of a weight. */
  public static MemorySegment logical(HostWeight w) {
    MemorySegment all =
        MemorySegment.ofArray(new byte[(int) w.dtype().bytes(w.shape().elements())]);
    if (w.transposed()) {
      long n = w.shape().dim(0);
      long k = w.shape().dim(1);
      long size = w.dtype().blockBytes();
      for (long i = 0; i < n * k; i++) {
        MemorySegment.copy(w.parts().getFirst(), (i % k * n + i / k) * size, all, i * size, size);
      }
      return all;
    }
    long at = 0;
    for (MemorySegment part : w.parts()) {
      MemorySegment.copy(part, 0, all, at, part.byteSize());
      at += part.byteSize();
    }
    return all;
  }

  private static long rows(Tensor t) {
    return t.shape().elements() == 0 ? 0 : t.shape().rank() == 0 ? 1 : t.shape().dim(0);
  }

  private static long rowBytes(Tensor t) {
    return t.dtype().bytes(t.shape().rowElements());
  }

  private static long at(Tensor t, long row) {
    return t.dtype().bytes(t.offset() + row * t.rowStride());
  }
}
