package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.op.Random;
import dev.heed.tck.OpCase;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** Add, Mul, Activate and Dropout. */
public final class ElementwiseCases {
  /** Pairs that broadcast, up to rank 4. */
  private static final long[][][] BROADCASTS = {
    {{}, {}},
    {{5}, {}},
    {{}, {3, 2}},
    {{7}, {1}},
    {{1}, {7}},
    {{3, 7}, {7}},
    {{3, 7}, {3, 1}},
    {{3, 1}, {1, 7}},
    {{1, 7}, {3, 7}},
    {{2, 3, 5}, {3, 5}},
    {{2, 3, 5}, {2, 1, 5}},
    {{2, 1, 5}, {3, 1}},
    {{2, 3, 4, 5}, {2, 3, 4, 5}},
    {{2, 3, 4, 5}, {4, 1}},
    {{2, 1, 4, 1}, {3, 1, 5}},
    {{1, 1, 1, 5}, {2, 3, 4, 1}},
    {{19, 1027}, {1027}},
    {{33, 65}, {33, 65}}
  };

  private final List<OpCase> cases = new ArrayList<>();

  private ElementwiseCases() {}

  /** The cases for a device with these compute types. */
  public static List<OpCase> all(Set<DType> computeTypes) {
    ElementwiseCases c = new ElementwiseCases();
    c.broadcasts();
    c.sums();
    c.views();
    c.activations();
    c.dropouts();
    Types.halves(computeTypes).forEach(c::halves);
    return c.cases;
  }

  private void add(Class<? extends Op> op, String name, Function<Operands, Op> build) {
    cases.add(new OpCase(op, name, build));
  }

  private static long[] joined(long[] a, long[] b) {
    long[] out = new long[Math.max(a.length, b.length)];
    for (int i = 1; i <= out.length; i++) {
      long x = i <= a.length ? a[a.length - i] : 1;
      long y = i <= b.length ? b[b.length - i] : 1;
      out[out.length - i] = x == 1 ? y : x;
    }
    return out;
  }

  private void broadcasts() {
    for (long[][] pair : BROADCASTS) {
      long[] a = pair[0];
      long[] b = pair[1];
      long[] to = joined(a, b);
      String name = Shape.of(a) + " with " + Shape.of(b);
      add(Op.Add.class, name, o -> new Op.Add(o.out(F32, to), o.normal(F32, a), o.normal(F32, b)));
      add(Op.Mul.class, name, o -> new Op.Mul(o.out(F32, to), o.normal(F32, a), o.normal(F32, b)));
    }
    add(
        Op.Add.class,
        "nothing",
        o -> new Op.Add(o.out(F32, 0, 3), o.normal(F32, 0, 3), o.normal(F32, 3)));
  }

  private void sums() {
    add(
        Op.Add.class,
        "I32 [5, 3]",
        o -> new Op.Add(o.out(I32, 5, 3), o.normal(I32, 5, 3), o.normal(I32, 5, 3)));
    add(
        Op.Add.class,
        "I32 and one",
        o -> {
          Tensor positions = o.ints(0, 5, -1, Integer.MAX_VALUE, 100, 7, 8, 9, 10);
          return new Op.Add(positions, positions, o.ints(1));
        });
    for (boolean second : new boolean[] {false, true}) {
      String name = "into its " + (second ? "second" : "first") + " input";
      add(Op.Add.class, name, o -> sum(o.normal(F32, 6, 35), o.normal(F32, 6, 35), second));
      add(
          Op.Mul.class,
          name,
          o -> {
            Tensor a = o.normal(F32, 6, 35);
            Tensor b = o.normal(F32, 6, 35);
            return new Op.Mul(second ? b : a, a, b);
          });
    }
    add(
        Op.Add.class,
        "bias in place",
        o -> {
          Tensor a = o.normal(F32, 5, 129);
          return new Op.Add(a, a, o.normal(F32, 129));
        });
    add(
        Op.Mul.class,
        "with itself",
        o -> {
          Tensor a = o.normal(F32, 33);
          return new Op.Mul(a, a, a);
        });
  }

  private static Op.Add sum(Tensor a, Tensor b, boolean second) {
    return new Op.Add(second ? b : a, a, b);
  }

  private void views() {
    add(
        Op.Add.class,
        "gaps everywhere",
        o ->
            new Op.Add(
                o.outGapped(3, F32, 7, 17), o.gapped(5, F32, 7, 17), o.gapped(1, F32, 7, 17)));
    add(
        Op.Mul.class,
        "halves of a matrix",
        o -> {
          Tensor both = o.normal(F32, 7, 70);
          return new Op.Mul(o.out(F32, 7, 35), both.columns(0, 35), both.columns(35, 35));
        });
    add(
        Op.Mul.class,
        "gaps and a vector",
        o -> new Op.Mul(o.outGapped(2, F32, 5, 3, 9), o.gapped(4, F32, 5, 3, 9), o.normal(F32, 9)));
    add(
        Op.Activate.class,
        "half of a matrix in place",
        o -> {
          Tensor gate = o.normal(F32, 7, 70).columns(0, 35);
          return new Op.Activate(gate, gate, Activation.SILU);
        });
  }

  private void activations() {
    double[] edges = {
      0, -0.0, 1e-30, -1e-30, 0.5, -0.5, 1, -1, 3, -3, 5.5, -5.5, 9, -9, 15, -15, 40, -40, 88, -88,
      89, -104, 200, -200, 1e4, -1e4
    };
    for (Activation fn : Activation.values()) {
      add(
          Op.Activate.class,
          fn + " [3, 131]",
          o -> new Op.Activate(o.out(F32, 3, 131), o.normal(F32, 3, 131), fn));
      add(
          Op.Activate.class,
          fn + " scaled",
          o -> new Op.Activate(o.out(F32, 65), o.normal(F32, 65), fn, 1.702f, -0.3f));
      add(
          Op.Activate.class,
          fn + " from near 0 to far out",
          o ->
              new Op.Activate(
                  o.out(F32, edges.length), o.floats(F32, Shape.of(edges.length), edges), fn));
      add(
          Op.Activate.class,
          fn + " in place",
          o -> {
            Tensor x = o.normal(F32, 2, 3, 5);
            return new Op.Activate(x, x, fn);
          });
    }
    add(
        Op.Activate.class,
        "large",
        o -> new Op.Activate(o.out(F32, 23, 4099), o.normal(F32, 23, 4099), Activation.GELU));
    add(
        Op.Activate.class,
        "one element",
        o -> new Op.Activate(o.out(F32, 1, 1), o.normal(F32, 1, 1), Activation.TANH));
    add(
        Op.Activate.class,
        "gaps",
        o -> new Op.Activate(o.outGapped(2, F32, 5, 31), o.gapped(3, F32, 5, 31), Activation.RELU));
  }

  private void dropouts() {
    int[] state = {0x12345678, -77, 41};
    for (float p : new float[] {0, 0.1f, 0.5f, 0.999f}) {
      add(
          Op.Dropout.class,
          "p = " + p,
          o ->
              new Op.Dropout(
                  o.out(F32, 13, 77), o.normal(F32, 13, 77), new Random(p, o.ints(state))));
    }
    add(
        Op.Dropout.class,
        "in place, gaps",
        o -> {
          Tensor x = o.gapped(5, F32, 7, 9);
          return new Op.Dropout(x, x, new Random(0.3f, o.ints(1, 2, 3)));
        });
    add(
        Op.Dropout.class,
        "last step",
        o -> new Op.Dropout(o.out(F32, 3), o.normal(F32, 3), new Random(0.3f, o.ints(1, 2, -1))));
  }

  private void halves(DType c) {
    add(
        Op.Add.class,
        "F32 and " + c,
        o -> new Op.Add(o.out(F32, 5, 67), o.normal(F32, 5, 67), o.normal(c, 5, 67)));
    add(
        Op.Add.class,
        c.name(),
        o -> new Op.Add(o.out(c, 5, 67), o.normal(c, 5, 67), o.normal(c, 67)));
    add(
        Op.Mul.class,
        c.name(),
        o -> new Op.Mul(o.out(c, 5, 67), o.normal(c, 5, 67), o.normal(c, 67)));
    for (Activation fn : Activation.values()) {
      add(
          Op.Activate.class,
          fn + " in " + c,
          o -> new Op.Activate(o.out(c, 3, 67), o.normal(c, 3, 67), fn));
    }
  }
}
