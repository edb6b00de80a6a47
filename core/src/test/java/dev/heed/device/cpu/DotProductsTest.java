package dev.heed.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.HostWeight;
import dev.heed.device.Use;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Machine code against plain loops, in memory that ends at forbidden pages. */
class DotProductsTest {
  private static final PanelLayout LAYOUT = new PanelLayout(16);

  static Stream<DType> types() {
    return Arrays.stream(DType.values()).filter(DType::isBlock);
  }

  @BeforeEach
  void hasInstructions() {
    assumeTrue(Processor.mayRunCode(), "no AVX-512 VNNI here");
  }

  /** Every count of rows up to two tiles, chunks that are not whole, one panel and several. */
  @ParameterizedTest
  @MethodSource("types")
  void touchesItsOperandsAlone(DType type) {
    for (int m = 1; m <= 2 * DotProductCode.ROWS + 1; m++) {
      int step = type.blockSize();
      int k = step == 256 ? 256 * (1 + m % 3) : step * (1 + 3 * m % 19);
      check(type, m, 1 + m % 4, k, m % 2 == 0);
      check(type, m, 1 + m % 4, k, m % 2 != 0);
    }
  }

  private void check(DType type, int m, int panels, int k, boolean atEnd) {
    int n = 32 * panels;
    try (MatMulCase c = new MatMulCase(1, false, m);
        DotProducts products = new DotProducts(LAYOUT, true);
        GuardedMemory sums = new GuardedMemory(4L * m * n, atEnd);
        GuardedMemory x = new GuardedMemory((long) m * k / size(type) * record(type), atEnd);
        GuardedMemory w = new GuardedMemory(panels * LAYOUT.bytes(type, k), atEnd);
        GuardedMemory scratch = new GuardedMemory(DotProductCode.SCRATCH, atEnd)) {
      HostWeight weight = c.weight(type, c.weights(type, n, k), n, k, Use.MATRIX);
      assertTrue(WeightPacker.pack(LAYOUT, weight, w.address(), c.device.workers()));
      Tensor blocks = c.activations(DType.Q8_0, m, k);
      ByteOperand operand = new ByteOperand().of(new View().of(blocks), type, x.address());
      operand.compute(c.device.workers());
      float[] start = c.normal((long) m * n);
      MemorySegment.copy(start, 0, sums.memory, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, m * n);
      assertTrue(products.has(type));
      products.multiply(
          type, sums.address(), operand, 0, m, w.address(), panels, scratch.address());
      float[] got = sums.memory.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      String what = "%s m %d n %d k %d".formatted(type, m, n, k);
      if (type == DType.Q8_0) {
        assertArrayEquals(bytes(start, weight.parts().getFirst(), blocks, m, n, k), got, what);
      } else {
        assertArrayEquals(scalar(c, start, type, w, blocks, m, panels, k), got, what);
      }
    }
  }

  /** The same of block floating point, whose last block may not be whole. */
  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void touchesItsBlockFloatsAlone(DType type) {
    for (int m = 1; m <= 2 * TileCode.ROWS + 1; m++) {
      checkBlockFloats(type, m, 1 + m % 4, 1 + 61 * m % 600, m % 2 == 0);
      checkBlockFloats(type, m, 1 + m % 4, 32 * m, m % 2 != 0);
    }
  }

  private void checkBlockFloats(DType type, int m, int panels, int k, boolean atEnd) {
    int n = 32 * panels;
    try (MatMulCase c = new MatMulCase(1, false, m);
        DotProducts products = new DotProducts(LAYOUT, true);
        GuardedMemory sums = new GuardedMemory(4L * m * n, atEnd);
        GuardedMemory x = new GuardedMemory(BlockFloatOperand.bytes(m, k), atEnd);
        GuardedMemory w = new GuardedMemory(panels * BlockFloat.panelBytes(k), atEnd)) {
      float[] values = c.normal((long) m * k);
      MemorySegment stored = c.weights(type, n, k);
      WeightPacker.round(
          LAYOUT, c.weight(type, stored, n, k, Use.ROUNDED), w.address(), c.device.workers());
      BlockFloatOperand operand =
          new BlockFloatOperand().of(new View().of(c.tensor(values, m, k)), x.address());
      operand.compute(c.device.workers());
      float[] start = c.normal((long) m * n);
      MemorySegment.copy(start, 0, sums.memory, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, m * n);
      assertTrue(products.has(type));
      products.multiply(type, sums.address(), operand, 0, m, w.address(), panels, 0);
      float[] weights = Quants.dequantize(type, stored, 0, n * k);
      assertArrayEquals(
          blockFloats(start, values, weights, m, n, k),
          sums.memory.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED),
          "%s m %d n %d k %d".formatted(type, m, n, k));
    }
  }

  /** [panels][m][32] from the definition: scales and quants of both sides in plain arithmetic. */
  private static float[] blockFloats(float[] start, float[] x, float[] w, int m, int n, int k) {
    float[] sums = start.clone();
    for (int at = 0; at < sums.length; at++) {
      int row = at / 32 % m * k;
      int column = (at / 32 / m * 32 + at % 32) * k;
      for (int from = 0; from < k; from += 32) {
        int count = Math.min(32, k - from);
        float a = most(x, row + from, count);
        float b = most(w, column + from, count) * (1 / 8191f);
        float d = Float.intBitsToFloat(Float.floatToRawIntBits(b) + 0xffff & 0xffff0000);
        long sum = 0;
        for (int i = from; i < from + count; i++) {
          long q = (long) Math.rint((double) x[row + i] * (8191 / a));
          sum += q * (long) Math.rint((double) w[column + i] * (1 / d));
        }
        assertEquals(sum, (int) sum);
        sums[at] = Math.fma(sum * (a * (1 / 8191f)), d, sums[at]);
      }
    }
    return sums;
  }

  private static float most(float[] values, int from, int count) {
    float most = 0;
    for (int i = from; i < from + count; i++) {
      most = Math.max(most, Math.abs(values[i]));
    }
    return most;
  }

  private static int size(DType type) {
    return PanelLayout.group(type);
  }

  private static int record(DType type) {
    return ByteOperand.record(type);
  }

  /** [panels][m][32] by the loops that JVMs without vectors run. */
  private static float[] scalar(
      MatMulCase c,
      float[] start,
      DType type,
      GuardedMemory w,
      Tensor blocks,
      int m,
      int panels,
      int k) {
    Arena arena = c.arena;
    PanelMath math = new ScalarPanels(LAYOUT);
    RoundedOperand x =
        new RoundedOperand()
            .of(
                new View().of(blocks),
                type,
                arena.allocate(RoundedOperand.bytes(m, k), 64).address());
    x.compute(c.device.workers());
    MemorySegment sums = arena.allocateFrom(ValueLayout.JAVA_FLOAT, start);
    long quants = arena.allocate(PanelSource.scratchBytes(LAYOUT), 64).address();
    long scales = arena.allocate(PanelMath.SCALES, 64).address();
    for (int p = 0; p < panels; p++) {
      for (int j = 0; j < k; j += PanelSource.DEPTH) {
        int depth = Math.min(PanelSource.DEPTH, k - j);
        long at = w.address() + p * LAYOUT.bytes(type, k) + LAYOUT.bytes(type, j);
        math.expandRounded(type, quants, scales, at, depth);
        long to = sums.address() + 128L * p * m;
        math.multiplyRounded(type, to, x, 0, m, j, quants, scales, depth, 0);
      }
    }
    return sums.toArray(ValueLayout.JAVA_FLOAT);
  }

  /** The same of Q8_0, straight from the blocks of both sides. */
  private static float[] bytes(float[] start, MemorySegment w, Tensor blocks, int m, int n, int k) {
    MemorySegment x = blocks.buffer().handle();
    float[] sums = start.clone();
    for (int at = 0; at < sums.length; at++) {
      long row = at / 32 % m;
      long column = at / 32 / m * 32 + at % 32;
      for (int g = 0; g < k / 32; g++) {
        long a = 34 * (row * (k / 32) + g);
        long b = 34 * (column * (k / 32) + g);
        int sum = 0;
        for (int i = 2; i < 34; i++) {
          sum += x.get(ValueLayout.JAVA_BYTE, a + i) * w.get(ValueLayout.JAVA_BYTE, b + i);
        }
        sums[at] = Math.fma(sum * half(w, b), half(x, a), sums[at]);
      }
    }
    return sums;
  }

  private static float half(MemorySegment from, long at) {
    return Float.float16ToFloat(from.get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
  }

  @Test
  void refusesRowsThatAreNotThere() {
    try (MatMulCase c = new MatMulCase(1, false, 1);
        DotProducts products = new DotProducts(LAYOUT, true)) {
      long memory = c.arena.allocate(1 << 16, 64).address();
      View rows = new View().of(c.activations(DType.Q8_0, 3, 64));
      ByteOperand x = new ByteOperand().of(rows, DType.Q4_0, memory);
      x.compute(c.device.workers());
      assertTrue(products.has(DType.Q4_0));
      for (int[] bad : new int[][] {{1, 3, 1}, {-1, 1, 1}, {0, 0, 1}, {0, 1, 0}}) {
        assertThrows(
            RuntimeException.class,
            () -> products.multiply(DType.Q4_0, 0, x, bad[0], bad[1], 0, bad[2], 0));
      }
    }
  }

  @Test
  void scratchOfAThreadIsEnough() {
    assertTrue(PanelSource.scratchBytes(LAYOUT) >= DotProductCode.SCRATCH);
  }

  @Test
  void areNotThereForOtherVectorsOrIfNotWanted() {
    try (DotProducts narrow = new DotProducts(new PanelLayout(8), true);
        DotProducts unwanted = new DotProducts(LAYOUT, false)) {
      assertFalse(narrow.has(DType.Q4_0));
      assertFalse(unwanted.has(DType.Q4_0));
    }
  }

  @Test
  void areNotThereIfTheSystemForbidsThem() {
    AtomicInteger asked = new AtomicInteger();
    DotProducts.Loader forbidden =
        (code, owner) -> {
          asked.incrementAndGet();
          return Optional.empty();
        };
    try (DotProducts products = new DotProducts(LAYOUT, true, forbidden)) {
      assertFalse(products.has(DType.Q6_K));
      int first = asked.get();
      assertTrue(first > 0);
      assertFalse(products.has(DType.Q4_0));
      assertEquals(first, asked.get());
    }
  }

  @Test
  void closeTwiceIsHarmless() {
    DotProducts products = new DotProducts(LAYOUT, true);
    assertTrue(products.has(DType.Q8_0));
    products.close();
    products.close();
  }
}
