package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;

import dev.heed.device.HostWeight;
import dev.heed.device.Use;
import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tck.OpCase;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Products with weights that a device may keep in fewer digits: {@link Use#ROUNDED}. */
public final class RoundedWeightCases {
  /** M, N, K: whole blocks of 32 and others, one row and many. */
  private static final long[][] SIZES = {
    {1, 9, 1},
    {1, 70, 801},
    {2, 37, 300},
    {3, 32, 64},
    {7, 33, 517},
    {17, 45, 520},
    {40, 70, 256},
    {130, 67, 70}
  };

  private final List<OpCase> cases = new ArrayList<>();

  private RoundedWeightCases() {}

  /** All of them. */
  public static List<OpCase> all() {
    RoundedWeightCases c = new RoundedWeightCases();
    for (DType type : List.of(DType.F16, DType.BF16)) {
      c.matmul(type);
      c.fused(type);
    }
    return c.cases;
  }

  private void add(Class<? extends Op> op, String name, Function<Operands, Op> build) {
    cases.add(new OpCase(op, name, build));
  }

  private void matmul(DType type) {
    for (long[] s : SIZES) {
      add(
          Op.MatMul.class,
          "%s weights %s, rounded"
              .formatted(type, "[%d, %d] x [%d, %d]".formatted(s[0], s[2], s[1], s[2])),
          o ->
              new Op.MatMul(
                  o.out(F32, s[0], s[1]),
                  o.normal(F32, s[0], s[2]),
                  o.packed(type, Use.ROUNDED, s[1], s[2]),
                  true));
    }
    add(
        Op.MatMul.class,
        type + " weights, rounded, x and out in gaps",
        o ->
            new Op.MatMul(
                o.outGapped(3, F32, 5, 50),
                o.gapped(5, F32, 5, 100),
                o.packed(type, Use.ROUNDED, 50, 100),
                true));
    add(
        Op.MatMul.class,
        type + " weights, rounded, from [K, N]",
        o -> {
          HostWeight w =
              new HostWeight(
                  "w", List.of(o.host(type, 37 * 50)), Shape.of(37, 50), type, true, Use.ROUNDED);
          return new Op.MatMul(o.out(F32, 6, 37), o.normal(F32, 6, 50), o.packed(w), true);
        });
    for (int exponent : new int[] {-60, 60}) {
      add(
          Op.MatMul.class,
          type + " weights, rounded, zeros and numbers about 2^" + exponent,
          o -> {
            double[] x = new double[3 * 96];
            Arrays.setAll(x, i -> i / 32 % 2 * Math.scalb(Math.sin(i), exponent));
            return new Op.MatMul(
                o.out(F32, 3, 40),
                o.floats(F32, Shape.of(3, 96), x),
                o.packed(type, Use.ROUNDED, 40, 96),
                true);
          });
    }
  }

  private void fused(DType type) {
    for (long m : new long[] {1, 6, 19}) {
      add(
          Op.Linear.class,
          "%s weights, rounded, %d rows".formatted(type, m),
          o -> {
            Tensor stream = o.normal(F32, m, 50);
            return new Op.Linear(
                stream,
                o.normal(F32, m, 100),
                o.packed(type, Use.ROUNDED, 50, 100),
                Optional.of(o.normal(F32, 50)),
                Activation.GELU,
                Optional.of(stream));
          });
      for (long f : new long[] {64, 43}) {
        add(
            Op.GatedLinear.class,
            "%s weights, rounded, %d rows to %d".formatted(type, m, f),
            o ->
                new Op.GatedLinear(
                    o.out(F32, m, f),
                    o.normal(F32, m, 100),
                    o.packed(type, Use.ROUNDED, 2 * f, 100),
                    Activation.SILU));
      }
    }
  }
}
