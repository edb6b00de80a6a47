package dev.heed.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products of block types and activations of 8 bits. */
class RoundedMatMulTest {
  /** What multiplies. */
  enum Kernels {
    SCALAR,
    VECTOR,
    CODE;

    MatMulCase open(int threads, long seed) {
      assumeTrue(this != CODE || Processor.mayRunCode(), "no AVX-512 VNNI here");
      return new MatMulCase(threads, this != SCALAR, this == CODE, seed);
    }
  }

  static Stream<Arguments> typesAndKernels() {
    return types()
        .flatMap(t -> Arrays.stream(Kernels.values()).map(kernels -> Arguments.of(t, kernels)));
  }

  static Stream<Arguments> typesAndFastKernels() {
    return typesAndKernels().filter(a -> a.get()[1] != Kernels.SCALAR);
  }

  static Stream<DType> types() {
    return Arrays.stream(DType.values()).filter(DType::isBlock);
  }

  private static Tensor blocks(MatMulCase c, MemorySegment bytes, long... shape) {
    var buffer = c.device.allocate(bytes.byteSize(), Usage.STATE, c.arena);
    buffer.handle().copyFrom(bytes);
    return Tensor.of(buffer, 0, Shape.of(shape), DType.Q8_0);
  }

  /** N(0, 1) in blocks; of every third the first quant is the largest. */
  private static MemorySegment activations(MatMulCase c, long rows, long k) {
    float[] values = c.normal(rows * k);
    MemorySegment bytes = c.arena.allocate(DType.Q8_0.bytes(values.length), 64);
    Quants.quantize(DType.Q8_0, MemorySegment.ofArray(values), 0, bytes, 0, values.length);
    for (long at = 2; at < bytes.byteSize(); at += 3 * 34) {
      bytes.set(ValueLayout.JAVA_BYTE, at, (byte) 127);
    }
    return bytes;
  }

  @ParameterizedTest
  @MethodSource("typesAndKernels")
  void areThoseOfTheNumbersThatBlocksStandFor(DType type, Kernels kernels) {
    try (MatMulCase c = kernels.open(2, 21)) {
      for (int m : new int[] {1, 2, 3, 7, 8, 23, 70}) {
        for (int n : new int[] {1, 33, 70}) {
          int k = type.blockSize() == 256 ? 512 : 32 * (m + 6);
          MemorySegment x = activations(c, m, k);
          MemorySegment w = c.weights(type, n, k);
          double[] want =
              MatMulCase.product(
                  Quants.dequantize(DType.Q8_0, x, 0, m * k),
                  Quants.dequantize(type, w, 0, n * k),
                  m,
                  n,
                  k);
          Tensor packed = c.pack(c.weight(type, w, n, k, Use.MATRIX));
          Tensor out = c.empty(m, n);
          float[] got = c.run(new Op.MatMul(out, blocks(c, x, m, k), packed, true));
          double error = MatMulCase.error(want, got);
          assertTrue(error <= 1e-11, "%s m %d n %d k %d: %s".formatted(type, m, n, k, error));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("typesAndFastKernels")
  void haveTheBitsOfScalarsInAnyBatch(DType type, Kernels kernels) {
    int m = 19;
    int n = 75;
    int k = 768;
    try (MatMulCase c = kernels.open(2, 22);
        MatMulCase scalar = new MatMulCase(1, false, 22)) {
      MemorySegment x = activations(c, m, k);
      MemorySegment w = c.weights(type, n, k);
      Tensor packed = c.pack(c.weight(type, w, n, k, Use.MATRIX));
      Tensor rows = blocks(c, x, m, k);
      float[] all = c.run(new Op.MatMul(c.empty(m, n), rows, packed, true));
      for (int count : new int[] {1, 2, 5, 8, 15}) {
        for (int i = 0; i + count <= m; i += 4) {
          float[] some = c.run(new Op.MatMul(c.empty(count, n), rows.rows(i, count), packed, true));
          assertArrayEquals(Arrays.copyOfRange(all, i * n, (i + count) * n), some);
        }
      }
      if (type == DType.Q8_0 && kernels == Kernels.CODE) {
        return; // exact sums, where others multiply in F32
      }
      Tensor plain = scalar.pack(scalar.weight(type, w, n, k, Use.MATRIX));
      Tensor same = blocks(scalar, x, m, k);
      assertArrayEquals(all, scalar.run(new Op.MatMul(scalar.empty(m, n), same, plain, true)));
      float[] row = scalar.run(new Op.MatMul(scalar.empty(1, n), same.rows(3, 1), plain, true));
      assertArrayEquals(Arrays.copyOfRange(all, 3 * n, 4 * n), row);
    }
  }

  @Test
  void aColdDeviceGivesTheSameBitsAsAWarmOne() {
    int n = 150;
    int k = 512;
    try (MatMulCase c = new MatMulCase(2, true, 23);
        CpuDevice cold = new CpuDevice();
        CommandQueue queue = cold.openQueue(1 << 21, c.arena)) {
      HostWeight host = c.weight(DType.Q4_K, c.weights(DType.Q4_K, n, k), n, k, Use.MATRIX);
      Tensor x = blocks(c, activations(c, 5, k), 5, k);
      float[] want = c.run(new Op.MatMul(c.empty(5, n), x, c.pack(host), true));
      Tensor packed = cold.pack(host, queue, c.arena);
      for (int i = 0; i < 300; i++) {
        Tensor out = c.empty(5, n);
        queue.execute(new Op.MatMul(out, x, packed, true));
        assertArrayEquals(want, MatMulCase.values(out));
      }
    }
  }

  /** Bit for bit as the scalar reference, which is tested against ggml's blocks. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void activationsAreRoundedAsGgmlDoes(boolean vectors) {
    int k = 32 * 200;
    try (MatMulCase c = new MatMulCase(1, vectors, 24)) {
      float[] values = c.normal(k);
      for (int block = 0; block < 200; block++) {
        float scale = (float) Math.exp(c.random.nextGaussian() * 12);
        for (int i = 0; i < 32; i++) {
          values[32 * block + i] *= scale;
        }
        switch (block % 8) {
          case 0 -> Arrays.fill(values, 32 * block, 32 * block + 32, 0);
          case 1 -> { // ties
            for (int i = 0; i < 32; i++) {
              values[32 * block + i] = i == 7 ? -127 : i - 15.5f;
            }
          }
          case 2 -> values[32 * block + 31] = Float.NaN;
          case 3 -> values[32 * block] = Float.NEGATIVE_INFINITY;
          case 4 -> { // next to ties
            for (int i = 0; i < 32; i++) {
              values[32 * block + i] = i == 0 ? 127 : Math.nextDown(i + 0.5f);
            }
          }
          default -> {}
        }
      }
      MemorySegment want = c.arena.allocate(DType.Q8_0.bytes(k));
      Quants.quantize(DType.Q8_0, MemorySegment.ofArray(values), 0, want, 0, k);
      MemorySegment got = c.arena.allocate(DType.Q8_0.bytes(k));
      Tensor in = c.tensor(values, 1, k);
      c.device.math().fromFloat(DType.Q8_0, got.address(), Memory.address(in), k);
      for (int block = 0; block < 200; block++) {
        float[] a = Quants.dequantize(DType.Q8_0, want, 34L * block, 32);
        float[] b = Quants.dequantize(DType.Q8_0, got, 34L * block, 32);
        assertArrayEquals(a, b, "block " + block);
        if (block % 8 != 2) {
          assertEquals(-1, want.asSlice(34L * block, 34).mismatch(got.asSlice(34L * block, 34)));
        }
      }
    }
  }
}
