package dev.heed.device.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.op.Activation;
import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Vector rows give the bits of scalar rows, for whole vectors, parts of one and nothing. */
class RowMathTest {
  private static final int[] LENGTHS = {0, 1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 65, 130, 300};
  private static final float GUARD = 12345;

  private final RowMath scalar = new ScalarRows(VectorMath.LANES);
  private final RowMath vector = new VectorRows();

  @Test
  void elementWise() {
    same(2, (m, r) -> m.fill(r.out, 2.5f, r.n));
    same(2, (m, r) -> m.add(r.out, r.a, r.b, r.n));
    same(2, (m, r) -> m.add(r.out, r.a, 3f, r.n));
    same(2, (m, r) -> m.mul(r.out, r.a, r.b, r.n));
    same(2, (m, r) -> m.mul(r.out, r.a, 3f, r.n));
    same(2, (m, r) -> m.max(r.out, r.a, r.n));
    same(2, (m, r) -> m.addScaled(r.out, 0.3f, r.a, r.n));
    for (Activation fn : Activation.values()) {
      same(2, (m, r) -> m.activate(r.out, r.a, r.n, fn, 1.5f, 0.5f));
    }
  }

  @Test
  void rows() {
    same(2, (m, r) -> m.normalize(r.out, r.a, 0.1f, 2f, 0.3f, 0, 0, r.n));
    same(2, (m, r) -> m.normalize(r.out, r.a, 0.1f, 2f, 0.3f, r.b, 0, r.n));
    same(2, (m, r) -> m.normalize(r.out, r.a, 0.1f, 2f, 0.3f, r.b, r.a, r.n));
    same(2, (m, r) -> m.normalize(r.out, r.a, 0.1f, 2f, 0.3f, 0, r.b, r.n));
    same(2, (m, r) -> m.expSum(r.out, r.a, 4f, r.n));
    same(4, (m, r) -> m.rotateHalves(r.out, r.a, r.b, r.b + 4 * r.n, r.n));
    same(4, (m, r) -> m.rotatePairs(r.out, r.a, r.b, r.b + 4 * r.n, r.n));
  }

  @Test
  void sums() {
    sameNumber(r -> r.math.dot(r.a, r.b, r.n));
    sameNumber(r -> r.math.sum(r.a, 0.2f, r.n));
    sameNumber(r -> r.math.squares(r.a, 0.2f, r.n));
    sameNumber(r -> r.math.max(r.a, r.n));
    sameNumber(r -> r.math.expSum(r.a, 4f, r.n));
    sameNumber(r -> r.math.expSum(r.out, r.a, 4f, r.n));
  }

  @Test
  void everyHalfAndItsNeighboursConvertAlike() {
    try (Arena arena = Arena.ofConfined()) {
      int n = 1 << 16;
      MemorySegment halves = arena.allocate(2L * n, 64);
      for (int i = 0; i < n; i++) {
        halves.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) i);
      }
      for (DType type : new DType[] {DType.F16, DType.BF16}) {
        MemorySegment a = arena.allocate(4L * n, 64);
        MemorySegment b = arena.allocate(4L * n, 64);
        scalar.toFloat(type, a.address(), halves.address(), n);
        vector.toFloat(type, b.address(), halves.address(), n);
        for (int i = 0; i < n; i++) {
          sameFloat(f(a, i), f(b, i), type + " " + i);
        }
        for (int nudge = -2; nudge <= 2; nudge++) {
          roundTrip(arena, type, a, nudge);
        }
      }
    }
  }

  /** Floats at and half way between the values of a 16-bit type. */
  private void roundTrip(Arena arena, DType type, MemorySegment exact, int nudge) {
    int n = 1 << 16;
    int half = type == DType.F16 ? 1 << 12 : 1 << 15;
    MemorySegment x = arena.allocate(4L * n, 64);
    for (int i = 0; i < n; i++) {
      int bits = exact.getAtIndex(ValueLayout.JAVA_INT, i);
      x.setAtIndex(ValueLayout.JAVA_INT, i, nudge == 0 ? bits : bits + half + (nudge - 1));
    }
    MemorySegment a = arena.allocate(2L * n, 64);
    MemorySegment b = arena.allocate(2L * n, 64);
    scalar.fromFloat(type, a.address(), x.address(), n);
    vector.fromFloat(type, b.address(), x.address(), n);
    for (int i = 0; i < n; i++) {
      if (!Float.isNaN(f(x, i))) {
        assertEquals(
            a.getAtIndex(ValueLayout.JAVA_SHORT, i),
            b.getAtIndex(ValueLayout.JAVA_SHORT, i),
            type + " of " + f(x, i));
      }
    }
  }

  private static float f(MemorySegment m, int i) {
    return m.getAtIndex(ValueLayout.JAVA_FLOAT, i);
  }

  private static void sameFloat(float a, float b, String what) {
    assertTrue(a == b || Float.isNaN(a) && Float.isNaN(b), what + ": " + a + " and " + b);
  }

  /** Inputs a and b of enough elements, and an output with a guard behind it. */
  private record Rows(RowMath math, long out, long a, long b, long n) {}

  private void same(int width, BiConsumer<RowMath, Rows> body) {
    for (int n : LENGTHS) {
      float[] x = run(scalar, n, width, body);
      float[] y = run(vector, n, width, body);
      for (int i = 0; i < x.length; i++) {
        assertEquals(x[i], y[i], n + " elements, at " + i);
      }
    }
  }

  /** The output of {@code width / 2 * n} elements and 40 guards. */
  private static float[] run(RowMath m, int n, int width, BiConsumer<RowMath, Rows> body) {
    try (Arena arena = Arena.ofConfined()) {
      int size = width / 2 * n + 40;
      MemorySegment out = arena.allocate(4L * size, 64);
      for (int i = 0; i < size; i++) {
        out.setAtIndex(ValueLayout.JAVA_FLOAT, i, i < size - 40 ? 0.25f : GUARD);
      }
      body.accept(
          m, new Rows(m, out.address(), random(arena, 2 * n, 1), random(arena, 2 * n, 2), n));
      for (int i = size - 40; i < size; i++) {
        assertEquals(GUARD, f(out, i), "guard behind " + n + " elements");
      }
      return out.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private void sameNumber(ToDoubleFunction<Rows> body) {
    for (int n : LENGTHS) {
      try (Arena arena = Arena.ofConfined()) {
        long a = random(arena, n, 1);
        long b = random(arena, n, 2);
        long out = random(arena, n, 3);
        double x = body.applyAsDouble(new Rows(scalar, out, a, b, n));
        double y = body.applyAsDouble(new Rows(vector, out, a, b, n));
        assertEquals(x, y, n + " elements");
      }
    }
  }

  private static long random(Arena arena, int n, long seed) {
    Random random = new Random(seed);
    MemorySegment m = arena.allocate(4L * n + 64, 64);
    for (int i = 0; i < n; i++) {
      m.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    return m.address();
  }
}
