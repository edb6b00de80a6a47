package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;

import dev.heed.device.Use;
import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tck.OpCase;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Linear and GatedLinear. */
public final class FusedCases {
  private static final Optional<Tensor> NO = Optional.empty();

  /** M, N, K. */
  private static final long[][] SIZES = {
    {1, 1, 1},
    {1, 70, 130},
    {2, 33, 64},
    {5, 19, 35},
    {17, 64, 48},
    {40, 97, 257},
    {3, 8, 0},
    {0, 4, 4}
  };

  private final List<OpCase> cases = new ArrayList<>();

  private FusedCases() {}

  /** The cases for a device with these compute types. */
  public static List<OpCase> all(Set<DType> computeTypes) {
    FusedCases c = new FusedCases();
    c.linears();
    Types.WEIGHTS.forEach(c::linearWeights);
    c.linearViews();
    c.linearShapes();
    c.gated();
    Types.BLOCKS.forEach(c::rounded);
    Types.halves(computeTypes).forEach(c::halves);
    Types.halves(computeTypes).forEach(c::halvesLarge);
    return c.cases;
  }

  private void add(Class<? extends Op> op, String name, Function<Operands, Op> build) {
    cases.add(new OpCase(op, name, build));
  }

  private void linears() {
    for (long[] s : SIZES) {
      add(
          Op.Linear.class,
          "[%d, %d] x [%d, %d], bias and residual".formatted(s[0], s[2], s[1], s[2]),
          o ->
              new Op.Linear(
                  o.out(F32, s[0], s[1]),
                  o.normal(F32, s[0], s[2]),
                  o.packed(F32, Use.MATRIX, s[1], s[2]),
                  Optional.of(o.normal(F32, s[1])),
                  Activation.IDENTITY,
                  Optional.of(o.normal(F32, s[0], s[1]))));
    }
    for (Activation fn : Activation.values()) {
      for (int options = 0; options < 4; options++) {
        boolean bias = (options & 1) != 0;
        boolean residual = (options & 2) != 0;
        add(
            Op.Linear.class,
            fn + (bias ? ", bias" : "") + (residual ? ", residual" : ""),
            o ->
                new Op.Linear(
                    o.out(F32, 7, 45),
                    o.normal(F32, 7, 39),
                    o.packed(F32, Use.MATRIX, 45, 39),
                    bias ? Optional.of(o.normal(F32, 45)) : NO,
                    fn,
                    residual ? Optional.of(o.normal(F32, 7, 45)) : NO));
      }
    }
  }

  private void linearWeights(DType type) {
    long k = Types.blocks(type, 96);
    for (long m : new long[] {1, 6}) {
      for (boolean packed : new boolean[] {false, true}) {
        add(
            Op.Linear.class,
            "%s weights, %d rows, %s".formatted(type, m, packed ? "packed" : "row-major"),
            o ->
                new Op.Linear(
                    o.out(F32, m, 50),
                    o.normal(F32, m, k),
                    packed ? o.packed(type, Use.MATRIX, 50, k) : o.normal(type, 50, k),
                    Optional.of(o.normal(F32, 50)),
                    Activation.GELU,
                    Optional.of(o.normal(F32, m, 50))));
      }
    }
  }

  private void linearViews() {
    for (boolean packed : new boolean[] {false, true}) {
      String how = packed ? ", packed" : ", row-major";
      add(
          Op.Linear.class,
          "into its residual" + how,
          o -> {
            Tensor x = o.normal(F32, 9, 33);
            Tensor w = packed ? o.packed(F32, Use.MATRIX, 33, 70) : o.normal(F32, 33, 70);
            return new Op.Linear(
                x,
                o.normal(F32, 9, 70),
                w,
                Optional.of(o.normal(F32, 33)),
                Activation.IDENTITY,
                Optional.of(x));
          });
      add(
          Op.Linear.class,
          "gaps" + how,
          o ->
              new Op.Linear(
                  o.outGapped(3, F32, 6, 40),
                  o.gapped(5, F32, 6, 21),
                  packed ? o.packed(F32, Use.MATRIX, 40, 21) : o.gapped(2, F32, 40, 21),
                  NO,
                  Activation.SILU,
                  Optional.of(o.gapped(7, F32, 6, 40))));
    }
  }

  private void linearShapes() {
    add(
        Op.Linear.class,
        "three dimensions",
        o ->
            new Op.Linear(
                o.out(F32, 2, 3, 20),
                o.normal(F32, 2, 3, 16),
                o.packed(F32, Use.MATRIX, 20, 16),
                Optional.of(o.normal(F32, 20)),
                Activation.TANH,
                NO));
    add(
        Op.Linear.class,
        "a tied embedding",
        o ->
            new Op.Linear(
                o.out(F32, 2, 301),
                o.normal(F32, 2, 64),
                o.packed(F32, Use.BOTH, 301, 64),
                NO,
                Activation.IDENTITY,
                NO));
  }

  /** Widths that fill whole tiles, and others. */
  private void gated() {
    for (long f : new long[] {64, 37}) {
      for (Activation fn : Activation.values()) {
        add(
            Op.GatedLinear.class,
            fn + " to " + f,
            o ->
                new Op.GatedLinear(
                    o.out(F32, 5, f),
                    o.normal(F32, 5, 29),
                    o.packed(F32, Use.MATRIX, 2 * f, 29),
                    fn));
      }
    }
    for (DType type : Types.WEIGHTS) {
      for (long[] s : new long[][] {{1, 96}, {5, 64}, {1, 43}, {19, 43}}) {
        for (boolean packed : new boolean[] {false, true}) {
          gated(type, s[0], s[1], packed);
        }
      }
    }
    gatedViews();
  }

  private void gated(DType type, long m, long f, boolean packed) {
    long k = Types.blocks(type, 100);
    add(
        Op.GatedLinear.class,
        "%s weights, %d rows to %d, %s".formatted(type, m, f, packed ? "packed" : "row-major"),
        o ->
            new Op.GatedLinear(
                o.out(F32, m, f),
                o.normal(F32, m, k),
                packed ? o.packed(type, Use.MATRIX, 2 * f, k) : o.normal(type, 2 * f, k),
                Activation.SILU));
  }

  private void gatedViews() {
    add(
        Op.GatedLinear.class,
        "gaps, whole tiles",
        o ->
            new Op.GatedLinear(
                o.outGapped(5, F32, 7, 64),
                o.gapped(3, F32, 7, 33),
                o.packed(F32, Use.MATRIX, 128, 33),
                Activation.GELU_TANH));
    add(
        Op.GatedLinear.class,
        "gaps",
        o ->
            new Op.GatedLinear(
                o.outGapped(5, F32, 7, 33),
                o.gapped(3, F32, 7, 64),
                o.packed(F32, Use.MATRIX, 66, 64),
                Activation.GELU_TANH));
    add(
        Op.GatedLinear.class,
        "wide",
        o ->
            new Op.GatedLinear(
                o.out(F32, 3, 700),
                o.normal(F32, 3, 256),
                o.packed(F32, Use.MATRIX, 1400, 256),
                Activation.SILU));
  }

  /** More than one tile each way, in rows that lie on boundaries of 16 bytes. */
  private void halvesLarge(DType c) {
    add(
        Op.Linear.class,
        c + " [150, 200] x [300, 200], x with gaps, bias, GELU and residual",
        o ->
            new Op.Linear(
                o.out(c, 150, 300),
                o.gapped(8, c, 150, 200),
                o.packed(c, Use.MATRIX, 300, 200),
                Optional.of(o.normal(F32, 300)),
                Activation.GELU,
                Optional.of(o.normal(F32, 150, 300))));
    add(
        Op.GatedLinear.class,
        c + " [140, 72] x [320, 72]",
        o ->
            new Op.GatedLinear(
                o.out(c, 140, 160),
                o.normal(c, 140, 72),
                o.packed(c, Use.MATRIX, 320, 72),
                Activation.SILU));
  }

  /** Activations rounded to 8 bits. */
  private void rounded(DType type) {
    long k = Types.blocks(type, 96);
    for (long m : new long[] {1, 6, 19}) {
      for (boolean packed : new boolean[] {false, true}) {
        String how = packed ? "packed" : "row-major";
        add(
            Op.Linear.class,
            "Q8_0 x, %s weights, %d rows, %s".formatted(type, m, how),
            o -> {
              Tensor stream = o.normal(F32, m, 50);
              return new Op.Linear(
                  stream,
                  o.normal(DType.Q8_0, m, k),
                  packed ? o.packed(type, Use.MATRIX, 50, k) : o.normal(type, 50, k),
                  Optional.of(o.normal(F32, 50)),
                  Activation.GELU,
                  Optional.of(stream));
            });
        for (long f : new long[] {64, 43}) {
          add(
              Op.GatedLinear.class,
              "Q8_0 x, %s weights, %d rows to %d, %s".formatted(type, m, f, how),
              o ->
                  new Op.GatedLinear(
                      o.out(F32, m, f),
                      o.normal(DType.Q8_0, m, k),
                      packed ? o.packed(type, Use.MATRIX, 2 * f, k) : o.normal(type, 2 * f, k),
                      Activation.SILU));
        }
      }
    }
  }

  private void halves(DType c) {
    for (DType w : List.of(c, DType.Q8_0, DType.Q4_K)) {
      long k = Types.blocks(w, 96);
      add(
          Op.Linear.class,
          c + " x " + w + " into an F32 residual",
          o -> {
            Tensor stream = o.normal(F32, 5, 40);
            return new Op.Linear(
                stream,
                o.normal(c, 5, k),
                o.packed(w, Use.MATRIX, 40, k),
                Optional.of(o.normal(F32, 40)),
                Activation.IDENTITY,
                Optional.of(stream));
          });
      add(
          Op.GatedLinear.class,
          c + " x " + w,
          o ->
              new Op.GatedLinear(
                  o.out(c, 5, 40),
                  o.normal(c, 5, k),
                  o.packed(w, Use.MATRIX, 80, k),
                  Activation.SILU));
    }
    for (DType w : List.of(F32, c, DType.Q8_0)) {
      long k = Types.blocks(w, 96);
      for (long m : new long[] {1, 19}) {
        halves(c, w, m, k);
      }
    }
  }

  /** A feed-forward network's first half, and the output projection. */
  private void halves(DType c, DType w, long m, long k) {
    String name = "%s x %s, %d rows".formatted(c, w, m);
    add(
        Op.Linear.class,
        name + " to " + c + ", bias, GELU",
        o ->
            new Op.Linear(
                o.outGapped(6, c, m, 50),
                o.normal(c, m, k),
                o.packed(w, Use.MATRIX, 50, k),
                Optional.of(o.normal(F32, 50)),
                Activation.GELU,
                NO));
    add(
        Op.Linear.class,
        name + " to F32, a tied embedding",
        o ->
            new Op.Linear(
                o.out(F32, m, 301),
                o.normal(c, m, k),
                o.packed(w, Use.BOTH, 301, k),
                NO,
                Activation.IDENTITY,
                NO));
    add(
        Op.GatedLinear.class,
        name + ", whole tiles",
        o ->
            new Op.GatedLinear(
                o.out(c, m, 64),
                o.normal(c, m, k),
                o.packed(w, Use.MATRIX, 128, k),
                Activation.SILU));
  }
}
