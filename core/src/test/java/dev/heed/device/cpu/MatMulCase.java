package dev.heed.device.cpu;

import dev.heed.device.CommandQueue;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;

/** A device with an arena, random operands and products in F64. */
final class MatMulCase implements AutoCloseable {
  final Arena arena = Arena.ofShared();
  final CpuDevice device;
  final Random random;

  MatMulCase(int threads, boolean vectors, long seed) {
    this(threads, vectors, false, seed);
  }

  MatMulCase(int threads, boolean vectors, boolean code, long seed) {
    device = new CpuDevice(threads, vectors, code);
    random = new Random(seed);
  }

  Tensor tensor(float[] values, long... shape) {
    Tensor t = empty(shape);
    MemorySegment.copy(values, 0, t.buffer().handle(), ValueLayout.JAVA_FLOAT, 0, values.length);
    return t;
  }

  Tensor empty(long... shape) {
    Shape s = Shape.of(shape);
    var buffer = device.allocate(4 * s.elements(), Usage.STATE, arena);
    buffer.handle().fill((byte) 0xff); // NaNs
    return Tensor.of(buffer, 0, s, DType.F32);
  }

  float[] normal(long n) {
    float[] x = new float[Math.toIntExact(n)];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** N(0, 1) in F32 or Q8_0. */
  Tensor activations(DType type, long m, long k) {
    Tensor x = tensor(normal(m * k), m, k);
    if (type == DType.F32) {
      return x;
    }
    var buffer = device.allocate(type.bytes(m * k), Usage.STATE, arena);
    device.math().fromFloat(type, buffer.handle().address(), Memory.address(x), m * k);
    return Tensor.of(buffer, 0, x.shape(), type);
  }

  /** Random bytes of {@code rows} rows of {@code k} elements, with sane F16 scales. */
  MemorySegment weights(DType type, long rows, long k) {
    MemorySegment w = arena.allocate(Math.max(1, type.bytes(rows * k)), 64);
    if (type.isFloat()) {
      float[] values = normal(rows * k);
      Quants.quantize(type, MemorySegment.ofArray(values), 0, w, 0, values.length);
      return w.asSlice(0, type.bytes(rows * k));
    }
    for (long i = 0; i < w.byteSize(); i++) {
      w.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
    }
    for (long at = 0; at < w.byteSize(); at += type.blockBytes()) {
      for (int s : scalesAt(type)) {
        float scale = (float) (random.nextGaussian() * 0.05);
        w.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + s, Float.floatToFloat16(scale));
      }
    }
    return w;
  }

  private static int[] scalesAt(DType type) {
    return switch (type) {
      case Q8_0, Q4_0, Q5_0 -> new int[] {0};
      case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
      case Q6_K -> new int[] {208};
      default -> throw new IllegalArgumentException(type.name());
    };
  }

  HostWeight weight(DType type, MemorySegment bytes, long n, long k, Use use) {
    return new HostWeight("w", List.of(bytes), Shape.of(n, k), type, false, use);
  }

  Tensor pack(HostWeight weight) {
    try (CommandQueue queue = device.openQueue(0, arena)) {
      return device.pack(weight, queue, arena);
    }
  }

  /** Runs an op and gives its first output. */
  float[] run(Op op) {
    try (CommandQueue queue = device.openQueue(device.scratchBytes(op), arena)) {
      if (!device.supports(op)) {
        throw new AssertionError("not supported: " + op);
      }
      queue.execute(op);
      queue.synchronize();
      return values(op.outputs().getFirst());
    }
  }

  static float[] values(Tensor t) {
    float[] out = new float[Math.toIntExact(t.shape().elements())];
    long row = t.shape().rowElements();
    for (int i = 0; i < out.length; i++) {
      long at = t.offset() + i / row * t.rowStride() + i % row;
      out[i] = t.buffer().handle().get(ValueLayout.JAVA_FLOAT, 4 * at);
    }
    return out;
  }

  /** x [m, k] times w [n, k], in F64. */
  static double[] product(float[] x, float[] w, int m, int n, int k) {
    double[] out = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int l = 0; l < k; l++) {
          sum += (double) x[i * k + l] * w[j * k + l];
        }
        out[i * n + j] = sum;
      }
    }
    return out;
  }

  /** Mean square of the error over the mean square of what is wanted. */
  static double error(double[] want, float[] got) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < want.length; i++) {
      error += (want[i] - got[i]) * (want[i] - got[i]);
      norm += want[i] * want[i];
    }
    return error == 0 ? 0 : error / norm;
  }

  @Override
  public void close() {
    device.close();
    arena.close();
  }
}
