package dev.heed.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products of packed and row-major weights against F64. */
class MatMulTest {
  private static final int[] SIZES = {1, 2, 7, 31, 33, 65};
  private static final int[] BLOCKS = {1, 2, 7};

  static Stream<Arguments> typesAndKernels() {
    return Arrays.stream(DType.values())
        .filter(Quants::canDequantize)
        .flatMap(t -> Stream.of(Arguments.of(t, true), Arguments.of(t, false)));
  }

  private static double tolerance(DType type, int k) {
    return type.isBlock() ? 1e-10 : 1e-11 * Math.max(1, k / 1024.0);
  }

  @ParameterizedTest
  @MethodSource("typesAndKernels")
  void packedWeightsOfAnyShape(DType type, boolean vectors) {
    try (MatMulCase c = new MatMulCase(3, vectors, 1)) {
      for (int m : SIZES) {
        for (int n : SIZES) {
          for (int k : type.isBlock() ? BLOCKS : SIZES) {
            check(c, type, m, n, k * type.blockSize());
          }
        }
        check(c, type, m, 300, 768);
      }
      check(c, type, 300, 70, 512);
    }
  }

  private static void check(MatMulCase c, DType type, int m, int n, int k) {
    if ((long) m * n * k > 3_000_000) {
      return;
    }
    MemorySegment bytes = c.weights(type, n, k);
    float[] w = Quants.dequantize(type, bytes, 0, n * k);
    float[] x = c.normal((long) m * k);
    double[] want = MatMulCase.product(x, w, m, n, k);
    Tensor packed = c.pack(c.weight(type, bytes, n, k, Use.MATRIX));
    float[] got = c.run(new Op.MatMul(c.empty(m, n), c.tensor(x, m, k), packed, true));
    double error = MatMulCase.error(want, got);
    assertTrue(
        error <= tolerance(type, k), "%s m %d n %d k %d: %s".formatted(type, m, n, k, error));
  }

  @ParameterizedTest
  @MethodSource("typesAndKernels")
  void downloadGivesThePackedBytesBack(DType type, boolean vectors) {
    try (MatMulCase c = new MatMulCase(2, vectors, 3);
        CommandQueue queue = c.device.openQueue(0, c.arena)) {
      for (int n : new int[] {1, 33, 70}) {
        int k = 3 * type.blockSize();
        MemorySegment bytes = c.weights(type, n, k);
        Tensor packed = c.pack(c.weight(type, bytes, n, k, Use.BOTH));
        assertEquals(
            packed.buffer().byteSize(),
            c.device.packedBytes(c.weight(type, bytes, n, k, Use.BOTH)));
        MemorySegment back = c.arena.allocate(bytes.byteSize());
        queue.download(packed, back);
        queue.synchronize();
        assertEquals(-1, bytes.mismatch(back));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("typesAndKernels")
  void gatherReadsPackedTables(DType type, boolean vectors) {
    int n = 77;
    int k = 2 * type.blockSize() + (type.isBlock() ? 0 : 5);
    try (MatMulCase c = new MatMulCase(2, vectors, 4)) {
      MemorySegment bytes = c.weights(type, n, k);
      float[] w = Quants.dequantize(type, bytes, 0, n * k);
      Tensor ids =
          Tensor.of(c.device.allocate(16, Usage.STATE, c.arena), 0, Shape.of(4), DType.I32);
      int[] want = {76, -1, 0, 40};
      MemorySegment.copy(want, 0, ids.buffer().handle(), ValueLayout.JAVA_INT, 0, 4);
      for (Use use : List.of(Use.BOTH, Use.TABLE)) {
        Tensor table = c.pack(c.weight(type, bytes, n, k, use));
        float[] got = c.run(new Op.Gather(c.empty(4, k), table, ids));
        for (int i = 0; i < 4; i++) {
          float[] row =
              want[i] < 0 ? new float[k] : Arrays.copyOfRange(w, want[i] * k, (want[i] + 1) * k);
          assertArrayEquals(row, Arrays.copyOfRange(got, i * k, (i + 1) * k));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("typesAndKernels")
  void rowMajorWeightsOfEitherOrder(DType type, boolean vectors) {
    int m = 9;
    int n = 70;
    int k = type.isBlock() ? 2 * type.blockSize() : 300;
    try (MatMulCase c = new MatMulCase(2, vectors, 5)) {
      MemorySegment bytes = c.weights(type, n, k);
      float[] w = Quants.dequantize(type, bytes, 0, n * k);
      float[] x = c.normal((long) m * k);
      double[] want = MatMulCase.product(x, w, m, n, k);
      var buffer = c.device.allocate(bytes.byteSize(), Usage.STATE, c.arena);
      buffer.handle().copyFrom(bytes);
      Tensor rows = Tensor.of(buffer, 0, Shape.of(n, k), type);
      float[] got = c.run(new Op.MatMul(c.empty(m, n), c.tensor(x, m, k), rows, true));
      assertTrue(MatMulCase.error(want, got) <= tolerance(type, k));
      if (!type.isBlock()) {
        Tensor columns = Tensor.of(buffer, 0, Shape.of(k, n), type);
        float[] turned = Quants.dequantize(type, bytes, 0, n * k);
        for (int i = 0; i < n * k; i++) {
          w[i % n * k + i / n] = turned[i];
        }
        want = MatMulCase.product(x, w, m, n, k);
        got = c.run(new Op.MatMul(c.empty(m, n), c.tensor(x, m, k), columns, false));
        assertTrue(MatMulCase.error(want, got) <= tolerance(type, k));
      }
    }
  }

  @Test
  void transposedPartsAndStackedPartsPack() {
    try (MatMulCase c = new MatMulCase(2, true, 6);
        CommandQueue queue = c.device.openQueue(0, c.arena)) {
      int n = 70;
      int k = 50;
      for (DType type : List.of(DType.F32, DType.F16, DType.BF16)) {
        MemorySegment bytes = c.weights(type, n, k);
        float[] turned = Quants.dequantize(type, bytes, 0, n * k);
        Tensor packed =
            c.pack(new HostWeight("w", List.of(bytes), Shape.of(n, k), type, true, Use.MATRIX));
        MemorySegment back = c.arena.allocate(bytes.byteSize());
        queue.download(packed, back);
        float[] w = Quants.dequantize(type, back, 0, n * k);
        for (int i = 0; i < n * k; i++) {
          assertEquals(turned[i], w[i % n * k + i / n]);
        }
        long row = type.bytes(k);
        List<MemorySegment> parts =
            List.of(
                bytes.asSlice(0, 40 * row), bytes.asSlice(40 * row, row), heap(bytes, 41 * row));
        packed = c.pack(new HostWeight("w", parts, Shape.of(n, k), type, false, Use.MATRIX));
        queue.download(packed, back);
        assertEquals(-1, bytes.mismatch(back));
      }
    }
  }

  private static MemorySegment heap(MemorySegment from, long offset) {
    return MemorySegment.ofArray(from.asSlice(offset).toArray(ValueLayout.JAVA_BYTE));
  }

  @ParameterizedTest
  @MethodSource("typesAndKernels")
  void linearAddsBiasActivationAndResidual(DType type, boolean vectors) {
    int n = 77;
    int k = type.isBlock() ? 2 * type.blockSize() : 300;
    try (MatMulCase c = new MatMulCase(2, vectors, 7)) {
      MemorySegment bytes = c.weights(type, n, k);
      float[] w = Quants.dequantize(type, bytes, 0, n * k);
      Tensor packed = c.pack(c.weight(type, bytes, n, k, Use.MATRIX));
      float[] b = c.normal(n);
      for (int m : new int[] {1, 5, 40}) {
        float[] x = c.normal((long) m * k);
        float[] r = c.normal((long) m * n);
        double[] want = MatMulCase.product(x, w, m, n, k);
        for (int i = 0; i < want.length; i++) {
          want[i] = Math.tanh(want[i] + b[i % n]) + r[i];
        }
        Tensor out = c.tensor(r, m, n); // in place of the residual
        var op =
            new Op.Linear(
                out,
                c.tensor(x, m, k),
                packed,
                Optional.of(c.tensor(b, n)),
                Activation.TANH,
                Optional.of(out));
        assertTrue(MatMulCase.error(want, c.run(op)) <= 1e-10);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("typesAndKernels")
  void gatedLinearMultipliesByTheGate(DType type, boolean vectors) {
    int f = 96;
    int k = type.isBlock() ? 2 * type.blockSize() : 300;
    try (MatMulCase c = new MatMulCase(2, vectors, 8)) {
      MemorySegment bytes = c.weights(type, 2 * f, k);
      float[] w = Quants.dequantize(type, bytes, 0, 2 * f * k);
      Tensor packed = c.pack(c.weight(type, bytes, 2 * f, k, Use.MATRIX));
      for (int m : new int[] {1, 5, 40}) {
        float[] x = c.normal((long) m * k);
        double[] both = MatMulCase.product(x, w, m, 2 * f, k);
        double[] want = new double[m * f];
        for (int i = 0; i < want.length; i++) {
          double gate = both[i / f * 2 * f + i % f];
          want[i] = gate / (1 + Math.exp(-gate)) * both[i / f * 2 * f + f + i % f];
        }
        var op = new Op.GatedLinear(c.empty(m, f), c.tensor(x, m, k), packed, Activation.SILU);
        assertTrue(MatMulCase.error(want, c.run(op)) <= 1e-10);
      }
      var odd = new Op.GatedLinear(c.empty(1, 33), c.empty(1, k), c.empty(66, k), Activation.SILU);
      assertFalse(c.device.supports(odd));
    }
  }

  @Test
  void batchesAndViews() {
    int b = 3;
    int h = 2;
    int m = 5;
    int k = 33;
    int n = 40;
    try (MatMulCase c = new MatMulCase(2, true, 9)) {
      float[] x = c.normal((long) b * h * m * k);
      float[] w = c.normal((long) b * h * n * k);
      float[] first = Arrays.copyOf(w, n * k);
      Tensor tx = c.tensor(x, b, h, m, k);
      float[] got = c.run(new Op.MatMul(c.empty(b, h, m, n), tx, c.tensor(w, b, h, n, k), true));
      float[] shared = c.run(new Op.MatMul(c.empty(b, h, m, n), tx, c.tensor(first, n, k), true));
      // The first two of three: a view with gaps between batches.
      Tensor wide = c.tensor(c.normal((long) b * 2 * h * m * k), b, 2 * h * m * k);
      Tensor gaps = wide.columns(0, (long) h * m * k).reshape(b, h * m, k);
      float[] viewed =
          c.run(new Op.MatMul(c.empty(b, h * m, n), gaps, c.tensor(first, n, k), true));
      float[] seen = MatMulCase.values(gaps);
      for (int i = 0; i < b * h; i++) {
        float[] xi = Arrays.copyOfRange(x, i * m * k, (i + 1) * m * k);
        float[] gi = Arrays.copyOfRange(got, i * m * n, (i + 1) * m * n);
        float[] wi = Arrays.copyOfRange(w, i * n * k, (i + 1) * n * k);
        assertTrue(MatMulCase.error(MatMulCase.product(xi, wi, m, n, k), gi) < 1e-11);
        float[] si = Arrays.copyOfRange(shared, i * m * n, (i + 1) * m * n);
        assertTrue(MatMulCase.error(MatMulCase.product(xi, w, m, n, k), si) < 1e-11);
        xi = Arrays.copyOfRange(seen, i * m * k, (i + 1) * m * k);
        float[] vi = Arrays.copyOfRange(viewed, i * m * n, (i + 1) * m * n);
        assertTrue(MatMulCase.error(MatMulCase.product(xi, w, m, n, k), vi) < 1e-11);
      }
    }
  }

  @Test
  void f16WeightsKeepSubnormalsInfinitiesAndNaNs() {
    try (MatMulCase c = new MatMulCase(1, true, 10)) {
      int k = 40;
      MemorySegment bytes = c.arena.allocate(2L * 3 * k, 64);
      for (int i = 0; i < 3 * k; i++) {
        bytes.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (i * 8)); // subnormal for i < 128
      }
      float[] w = Quants.dequantize(DType.F16, bytes, 0, 3 * k);
      float[] x = c.normal(k);
      double[] want = MatMulCase.product(x, w, 1, 3, k);
      Tensor packed = c.pack(c.weight(DType.F16, bytes, 3, k, Use.MATRIX));
      var op = new Op.MatMul(c.empty(1, 3), c.tensor(x, 1, k), packed, true);
      assertTrue(MatMulCase.error(want, c.run(op)) < 1e-12);
      bytes.setAtIndex(ValueLayout.JAVA_SHORT, 0, (short) 0x7c00);
      bytes.setAtIndex(ValueLayout.JAVA_SHORT, k, (short) 0x7e00);
      packed = c.pack(c.weight(DType.F16, bytes, 3, k, Use.MATRIX));
      float[] got = c.run(new Op.MatMul(c.empty(1, 3), c.tensor(x, 1, k), packed, true));
      assertEquals(Math.copySign(Float.POSITIVE_INFINITY, x[0]), got[0]);
      assertTrue(Float.isNaN(got[1]));
      assertEquals(want[2], got[2], 1e-6 * Math.abs(want[2]) + 1e-9);
    }
  }

  /** Where a whole panel is packed, four elements of two rows at a time. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 39})
  void anInfinityInAFullPanelIsSeen(int column) {
    int n = 64;
    int k = 40;
    for (int row = 0; row < n; row += 7) {
      try (MatMulCase c = new MatMulCase(1, true, 16)) {
        MemorySegment bytes = c.weights(DType.F16, n, k);
        bytes.setAtIndex(ValueLayout.JAVA_SHORT, (long) row * k + column, (short) 0xfc00);
        float[] x = c.normal(k);
        double[] want =
            MatMulCase.product(x, Quants.dequantize(DType.F16, bytes, 0, n * k), 1, n, k);
        Tensor packed = c.pack(c.weight(DType.F16, bytes, n, k, Use.MATRIX));
        float[] got = c.run(new Op.MatMul(c.empty(1, n), c.tensor(x, 1, k), packed, true));
        for (int i = 0; i < n; i++) {
          assertEquals(want[i], got[i], 1e-5 * Math.abs(want[i]) + 1e-5, "row " + i);
        }
        assertTrue(Float.isInfinite(got[row]));
      }
    }
  }

  /**
   * Vectors that the compiler fails to keep in registers are objects: then nothing is fast. What
   * the compiler does depends on all that ran before, so this wants a JVM of its own: {@code
   * -Dtest=MatMulTest -DargLine="... -Dheed.alone=true"}.
   */
  @EnabledIfSystemProperty(named = "heed.alone", matches = "true")
  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "Q8_0", "Q4_K", "Q5_1", "Q6_K"})
  void compiledProductsAllocateNothing(DType type) {
    var bean = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    int n = 256;
    int k = 512;
    try (MatMulCase c = new MatMulCase(1, true, 13)) {
      Tensor packed = c.pack(c.weight(type, c.weights(type, n, k), n, k, Use.MATRIX));
      Tensor x = c.tensor(c.normal(15L * k), 15, k);
      Op few = new Op.MatMul(c.empty(1, n), x.rows(0, 1), packed, true);
      Op many = new Op.MatMul(c.empty(15, n), x, packed, true);
      long allocated = Long.MAX_VALUE;
      try (CommandQueue queue = c.device.openQueue(c.device.scratchBytes(many), c.arena)) {
        long end = System.nanoTime() + 60_000_000_000L;
        while (allocated > 0 && System.nanoTime() < end) {
          long before = bean.getCurrentThreadAllocatedBytes();
          queue.execute(few);
          queue.execute(many);
          allocated = bean.getCurrentThreadAllocatedBytes() - before;
        }
      }
      assertEquals(0, allocated);
    }
  }
}
