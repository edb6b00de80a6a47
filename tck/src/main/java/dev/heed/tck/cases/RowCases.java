package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;

import dev.heed.op.Op;
import dev.heed.op.PoolKind;
import dev.heed.tck.OpCase;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Rope, Softmax, Pool and TopK. */
public final class RowCases {
  private static final double INF = Double.POSITIVE_INFINITY;

  private final List<OpCase> cases = new ArrayList<>();

  private RowCases() {}

  /** The cases for a device with these compute types. */
  public static List<OpCase> all(Set<DType> computeTypes) {
    RowCases c = new RowCases();
    c.ropes();
    c.softmaxes();
    c.masks();
    c.pools();
    c.topKs();
    Types.halves(computeTypes).forEach(c::halves);
    return c.cases;
  }

  private void add(Class<? extends Op> op, String name, Function<Operands, Op> build) {
    cases.add(new OpCase(op, name, build));
  }

  private void ropes() {
    for (boolean interleaved : new boolean[] {false, true}) {
      String how = interleaved ? "interleaved" : "half-split";
      for (long[] s :
          new long[][] {
            {2, 2}, {40, 40}, {64, 64}, {80, 32}, {128, 128}, {7, 4}, {256, 64}, {8, 0}
          }) {
        add(
            Op.Rope.class,
            how + ", first %d of %d".formatted(s[1], s[0]),
            o ->
                new Op.Rope(
                    o.out(F32, 5, 3, s[0]),
                    o.normal(F32, 5, 3, s[0]),
                    o.normal(F32, 11, 2, s[1] / 2),
                    o.ints(0, 10, -1, 3, 3),
                    interleaved));
      }
      add(
          Op.Rope.class,
          how + ", in place in a combined projection",
          o -> {
            Tensor q = o.normal(F32, 6, 4 * 40).columns(40, 80).reshape(6, 2, 40);
            return new Op.Rope(
                q, q, o.normal(F32, 9, 2, 20), o.ints(8, 7, 0, -1, 1, 2), interleaved);
          });
      add(
          Op.Rope.class,
          how + ", from gaps to gaps",
          o ->
              new Op.Rope(
                  o.outGapped(5, F32, 3, 1, 16),
                  o.gapped(2, F32, 3, 1, 16),
                  o.normal(F32, 4, 2, 8),
                  o.ints(3, 0, 1),
                  interleaved));
    }
  }

  private void softmaxes() {
    for (boolean log : new boolean[] {false, true}) {
      String name = log ? "log " : "";
      for (long k : new long[] {1, 2, 31, 257, 5003}) {
        add(
            Op.Softmax.class,
            name + "of " + k,
            o -> softmax(o.out(F32, 4, k), o.normal(F32, 4, k), 1, null, false, log));
      }
      add(
          Op.Softmax.class,
          name + "scaled",
          o -> softmax(o.out(F32, 2, 3, 17), o.normal(F32, 2, 3, 17), 7.5f, null, false, log));
      add(
          Op.Softmax.class,
          name + "in place, gaps",
          o -> {
            Tensor x = o.gapped(3, F32, 5, 21);
            return softmax(x, x, 0.5f, null, false, log);
          });
      for (long[] s : new long[][] {{7, 7}, {3, 9}, {9, 3}, {1, 5}}) {
        add(
            Op.Softmax.class,
            name + "causal " + Shape.of(s),
            o ->
                softmax(
                    o.out(F32, 2, s[0], s[1]),
                    o.normal(F32, 2, s[0], s[1]),
                    0.3f,
                    null,
                    true,
                    log));
      }
    }
    add(
        Op.Softmax.class,
        "one dimension",
        o -> softmax(o.out(F32, 37), o.normal(F32, 37), 1, null, false, false));
    largeNumbers();
  }

  private void largeNumbers() {
    double[] x = {0, 1, 2, 3, 10000, 10001, 9999, 10003, -5, 200, -1e30, 199};
    for (boolean log : new boolean[] {false, true}) {
      int rows = log ? 2 : 3; // a result of -1e30 would hide errors in the others
      add(
          Op.Softmax.class,
          (log ? "log " : "") + "of large numbers",
          o ->
              softmax(
                  o.out(F32, rows, 4),
                  o.floats(F32, Shape.of(rows, 4), Arrays.copyOf(x, 4 * rows)),
                  1,
                  null,
                  false,
                  log));
    }
  }

  private void masks() {
    for (boolean log : new boolean[] {false, true}) {
      String name = log ? "log " : "";
      for (long[] m : new long[][] {{2, 3, 4, 9}, {2, 1, 1, 9}, {1, 3, 4, 1}, {9}, {4, 9}, {}}) {
        add(
            Op.Softmax.class,
            name + "mask " + Shape.of(m),
            o ->
                softmax(
                    o.out(F32, 2, 3, 4, 9),
                    o.normal(F32, 2, 3, 4, 9),
                    0.7f,
                    o.normal(F32, m),
                    false,
                    log));
      }
      add(
          Op.Softmax.class,
          name + "mask hides, some rows wholly",
          o ->
              softmax(
                  o.out(F32, 2, 3, 3),
                  o.normal(F32, 2, 3, 3),
                  1,
                  o.floats(F32, Shape.of(3, 3), 0, -INF, 0, -INF, -INF, -INF, -INF, 2, -INF),
                  false,
                  log));
      add(
          Op.Softmax.class,
          name + "mask and causal",
          o ->
              softmax(
                  o.out(F32, 4, 4),
                  o.normal(F32, 4, 4),
                  1,
                  o.floats(F32, Shape.of(4), -INF, 0, 1, 2),
                  true,
                  log));
    }
  }

  private static Op softmax(
      Tensor out, Tensor x, float scale, Tensor mask, boolean causal, boolean log) {
    return new Op.Softmax(out, x, scale, Optional.ofNullable(mask), causal, log);
  }

  private void pools() {
    for (PoolKind kind : PoolKind.values()) {
      add(
          Op.Pool.class,
          kind + " with an empty segment",
          o ->
              new Op.Pool(
                  o.out(F32, 5, 33), o.normal(F32, 14, 33), o.ints(0, 1, 4, 4, 13, 14), kind));
      add(
          Op.Pool.class,
          kind + " one wide row",
          o -> new Op.Pool(o.out(F32, 1, 1025), o.normal(F32, 1, 1025), o.ints(0, 1), kind));
      add(
          Op.Pool.class,
          kind + " of nothing",
          o -> new Op.Pool(o.out(F32, 2, 3), o.normal(F32, 0, 3), o.ints(0, 0, 0), kind));
      add(
          Op.Pool.class,
          kind + " gaps, rows left over",
          o ->
              new Op.Pool(
                  o.outGapped(2, F32, 2, 7), o.gapped(3, F32, 300, 7), o.ints(1, 2, 297), kind));
    }
  }

  private void topKs() {
    for (long[] s : new long[][] {{1, 1, 1}, {3, 50, 1}, {2, 50, 50}, {5, 4099, 40}, {4, 33, 7}}) {
      add(
          Op.TopK.class,
          "%d rows of %d, %d".formatted(s[0], s[1], s[2]),
          o ->
              new Op.TopK(
                  o.out(F32, s[0], s[2]), o.out(I32, s[0], s[2]), o.normal(F32, s[0], s[1])));
    }
    double nan = Double.NaN;
    double[] ties = {
      1, 3, 3, 2, 3, 1, 2, 3, //
      0, -0.0, 0, -0.0, -1, 0, -0.0, -1, //
      nan, 1, nan, -INF, INF, nan, 2, INF, //
      nan, nan, -INF, nan, nan, nan, nan, nan
    };
    for (long k : new long[] {1, 3, 6, 8}) {
      add(
          Op.TopK.class,
          "ties, zeros, infinities and NaN, " + k,
          o ->
              new Op.TopK(o.out(F32, 4, k), o.out(I32, 4, k), o.floats(F32, Shape.of(4, 8), ties)));
    }
    add(
        Op.TopK.class,
        "all equal",
        o ->
            new Op.TopK(
                o.out(F32, 1, 9),
                o.out(I32, 1, 9),
                o.floats(F32, Shape.of(1, 100), new double[100])));
    add(
        Op.TopK.class,
        "gaps",
        o ->
            new Op.TopK(
                o.outGapped(2, F32, 3, 5), o.outGapped(1, I32, 3, 5), o.gapped(9, F32, 3, 71)));
    add(
        Op.TopK.class,
        "none",
        o -> new Op.TopK(o.out(F32, 3, 0), o.out(I32, 3, 0), o.normal(F32, 3, 7)));
  }

  private void halves(DType c) {
    add(
        Op.Rope.class,
        c.name(),
        o ->
            new Op.Rope(
                o.out(c, 3, 2, 64),
                o.normal(c, 3, 2, 64),
                o.normal(F32, 5, 2, 32),
                o.ints(0, 4, 1),
                false));
    for (PoolKind kind : PoolKind.values()) {
      add(
          Op.Pool.class,
          kind + " " + c + " to F32",
          o -> new Op.Pool(o.out(F32, 2, 33), o.normal(c, 7, 33), o.ints(0, 3, 7), kind));
    }
  }
}
