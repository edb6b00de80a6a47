package dev.heed.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.heed.device.CommandQueue;
import dev.heed.device.HostWeight;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products have the same bits whichever kernel makes them. */
class MatMulBitsTest {
  @ParameterizedTest
  @MethodSource("dev.heed.device.cpu.MatMulTest#typesAndKernels")
  void aRowsBitsDoNotDependOnItsBatch(DType type, boolean vectors) {
    int n = 150;
    int k = 1024;
    try (MatMulCase c = new MatMulCase(2, vectors, 2)) {
      MemorySegment bytes = c.weights(type, n, k);
      Tensor packed = c.pack(c.weight(type, bytes, n, k, Use.MATRIX));
      float[] x = c.normal(17L * k);
      Tensor rows = c.tensor(x, 17, k);
      float[] all = c.run(new Op.MatMul(c.empty(17, n), rows, packed, true));
      for (int count : new int[] {1, 2, 3, 6, 8, 12}) {
        for (int i = 0; i + count <= 17; i += 5) {
          Tensor some = rows.rows(i, count);
          float[] few = c.run(new Op.MatMul(c.empty(count, n), some, packed, true));
          assertArrayEquals(Arrays.copyOfRange(all, i * n, (i + count) * n), few);
        }
      }
    }
  }

  /** Numbers whose scaled products would be rounded in another way. */
  @ParameterizedTest
  @MethodSource("blockTypes")
  void tinyAndHugeNumbersKeepTheirBits(DType type) {
    int n = 40;
    int k = 512;
    try (MatMulCase c = new MatMulCase(1, true, 14)) {
      Tensor packed = c.pack(c.weight(type, c.weights(type, n, k), n, k, Use.MATRIX));
      float[] factors = {0x1p-75f, 0x1p-105f, 0x1p-130f, 0x1p50f, 0x1p77f, 0x1p102f};
      for (int trial = 0; trial < 2 * factors.length; trial++) {
        float factor = factors[trial / 2];
        float[] x = c.normal(2L * k);
        // All numbers, or one in seven beside others of usual size.
        for (int i = 0; i < x.length; i += trial % 2 == 0 ? 1 : 7) {
          x[i] *= factor;
        }
        x[5] = 0;
        Tensor rows = c.tensor(x, 2, k);
        float[] both = c.run(new Op.MatMul(c.empty(2, n), rows, packed, true));
        float[] one = c.run(new Op.MatMul(c.empty(1, n), rows.rows(0, 1), packed, true));
        assertArrayEquals(Arrays.copyOf(both, n), one);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("blockTypes")
  void anInfiniteScaleSpoilsItsOwnRowOnly(DType type) {
    int n = 40;
    int k = 512;
    try (MatMulCase c = new MatMulCase(1, true, 15)) {
      MemorySegment bytes = c.weights(type, n, k);
      float[] x = c.normal(k);
      int scale = type == DType.Q6_K ? 208 : 0;
      bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, type.bytes(3L * k) + scale, (short) 0x7c00);
      float[] w = Quants.dequantize(type, bytes, 0, n * k);
      double[] want = MatMulCase.product(x, w, 1, n, k);
      Tensor packed = c.pack(c.weight(type, bytes, n, k, Use.MATRIX));
      Tensor row = c.tensor(x, 1, k);
      float[] got = c.run(new Op.MatMul(c.empty(1, n), row, packed, true));
      for (int i = 0; i < n; i++) {
        assertEquals(i != 3, Float.isFinite(got[i]), "row " + i);
        if (i != 3) {
          assertEquals(want[i], got[i], 1e-4 * Math.abs(want[i]) + 1e-2, "row " + i);
        }
      }
      assertFalse(Double.isFinite(want[3]));
    }
  }

  static Stream<DType> blockTypes() {
    return packedTypes().filter(DType::isBlock);
  }

  @ParameterizedTest
  @MethodSource("packedTypes")
  void scalarAndVectorKernelsAgreeInEveryBit(DType type) {
    try (MatMulCase c = new MatMulCase(1, true, 11)) {
      PanelMath vectors = c.device.panels();
      PanelMath scalar = new ScalarPanels(vectors.layout());
      int n = 2 * vectors.layout().rows();
      int k = type.isBlock() ? 256 + type.blockSize() : 300;
      Tensor packed = c.pack(c.weight(type, c.weights(type, n, k), n, k, Use.MATRIX));
      float[] x = c.normal(7L * k);
      float[][] rows = new float[2][];
      float[][] dots = new float[2][];
      for (int i = 0; i < 2; i++) {
        PanelMath math = i == 0 ? vectors : scalar;
        long w = Memory.address(packed);
        long half = vectors.layout().bytes(type, k);
        Tensor tx = c.tensor(x, 7, k);
        Tensor y = c.empty(n);
        long scratch = Memory.address(c.empty(PanelMath.SCRATCH / 4));
        long at = Memory.address(y);
        if (type.isBlock()) {
          BlockOperand row = operand(c, tx.rows(0, 1), type);
          math.dotBlocks(type, at, at + 2L * n, row, w, w + half, k, scratch);
        } else {
          math.dot(type, at, at + 2L * n, Memory.address(tx), w, w + half, k);
        }
        dots[i] = MatMulCase.values(y);
        long piece = Memory.address(c.empty(256, n / 2));
        Tensor sums = c.tensor(new float[7 * n / 2], 7, n / 2);
        long to = Memory.address(sums);
        if (type.isBlock()) {
          math.expandBlocks(type, piece, scratch, w, 256);
          math.multiplyBlocks(type, to, operand(c, tx, type), 0, 7, 0, piece, scratch, 256);
        } else {
          if (type != DType.F32) {
            math.expand(type, piece, w, 256);
          }
          math.multiply(to, Memory.address(tx), 4L * k, 7, type == DType.F32 ? w : piece, 256);
        }
        rows[i] = MatMulCase.values(sums);
      }
      assertArrayEquals(rows[1], rows[0]);
      assertArrayEquals(dots[1], dots[0]);
    }
  }

  @Test
  void whatBlocksWantOfARowAgrees() {
    try (MatMulCase c = new MatMulCase(1, true, 16)) {
      PanelMath vectors = c.device.panels();
      PanelMath scalar = new ScalarPanels(vectors.layout());
      float[] x = c.normal(64);
      x[7] = 0;
      x[8] = -0x1p-140f;
      x[9] = -0x1p50f;
      for (float[] row : new float[][] {x, new float[64]}) {
        Tensor t = c.tensor(row, 64);
        long range = vectors.range(Memory.address(t), 64);
        assertEquals(scalar.range(Memory.address(t), 64), range);
        boolean zero = row != x;
        assertEquals(zero ? 0 : Float.floatToIntBits(0x1p50f), (int) range);
        assertEquals(
            zero ? Integer.MAX_VALUE : Float.floatToIntBits(0x1p-140f), (int) (range >>> 32));
        Tensor a = c.empty(64);
        Tensor b = c.empty(64);
        vectors.scale(Memory.address(a), Memory.address(t), 64, 0x1p70f);
        scalar.scale(Memory.address(b), Memory.address(t), 64, 0x1p70f);
        assertArrayEquals(MatMulCase.values(b), MatMulCase.values(a));
        assertEquals(row[6] * 0x1p54f, MatMulCase.values(a)[6]);
        vectors.totals(Memory.address(a), Memory.address(t), 16, 4);
        scalar.totals(Memory.address(b), Memory.address(t), 16, 4);
        assertArrayEquals(MatMulCase.values(b), MatMulCase.values(a));
      }
    }
  }

  private static BlockOperand operand(MatMulCase c, Tensor x, DType type) {
    View rows = new View();
    rows.of(x);
    int k = (int) x.shape().dim(-1);
    BlockOperand operand = new BlockOperand();
    Tensor sums = c.empty(BlockOperand.bytes(rows.count, k) / 4);
    operand.of(rows, k, type, Memory.address(sums)).compute(c.device.panels(), c.device.workers());
    return operand;
  }

  static Stream<DType> packedTypes() {
    return Arrays.stream(DType.values()).filter(Quants::canDequantize);
  }

  @Test
  void aColdDeviceGivesTheSameBitsAsAWarmOne() {
    int n = 150;
    int k = 512;
    try (MatMulCase c = new MatMulCase(2, true, 12);
        CpuDevice cold = new CpuDevice();
        CommandQueue queue = cold.openQueue(1 << 21, c.arena)) {
      HostWeight host = c.weight(DType.Q4_K, c.weights(DType.Q4_K, n, k), n, k, Use.MATRIX);
      Tensor x = c.tensor(c.normal(5L * k), 5, k);
      float[] want = c.run(new Op.MatMul(c.empty(5, n), x, c.pack(host), true));
      Tensor packed = cold.pack(host, queue, c.arena);
      for (int i = 0; i < 300; i++) {
        Tensor out = c.empty(5, n);
        queue.execute(new Op.MatMul(out, x, packed, true));
        assertArrayEquals(want, MatMulCase.values(out));
      }
    }
  }
}
