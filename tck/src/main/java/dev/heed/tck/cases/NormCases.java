package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;

import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.tck.OpCase;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Norm and AddNorm. */
public final class NormCases {
  private static final Optional<Tensor> NO = Optional.empty();

  private final List<OpCase> cases = new ArrayList<>();

  private NormCases() {}

  /** The cases for a device with these compute types. */
  public static List<OpCase> all(Set<DType> computeTypes) {
    NormCases c = new NormCases();
    c.norms();
    c.normShapes();
    c.addNorms();
    Types.halves(computeTypes).forEach(c::halves);
    return c.cases;
  }

  private void add(Class<? extends Op> op, String name, Function<Operands, Op> build) {
    cases.add(new OpCase(op, name, build));
  }

  private void norms() {
    for (NormKind kind : NormKind.values()) {
      for (long d : new long[] {1, 2, 7, 64, 257, 4099}) {
        add(
            Op.Norm.class,
            kind + " of " + d,
            o ->
                new Op.Norm(
                    o.out(F32, 5, d),
                    o.normal(F32, 5, d),
                    Optional.of(o.normal(F32, d)),
                    Optional.of(o.normal(F32, d)),
                    1e-5f,
                    kind));
      }
    }
    for (NormKind kind : NormKind.values()) {
      norms(kind);
    }
  }

  private void norms(NormKind kind) {
    add(
        Op.Norm.class,
        kind + " bare",
        o -> new Op.Norm(o.out(F32, 3, 33), o.normal(F32, 3, 33), NO, NO, 1e-6f, kind));
    add(
        Op.Norm.class,
        kind + " of zeros",
        o ->
            new Op.Norm(
                o.out(F32, 2, 8),
                o.floats(F32, Shape.of(2, 8), new double[16]),
                NO,
                NO,
                1e-5f,
                kind));
    add(
        Op.Norm.class,
        kind + " in place, per head, gaps",
        o -> {
          Tensor x = o.gapped(11, F32, 7, 3, 40);
          return new Op.Norm(x, x, Optional.of(o.normal(F32, 40)), NO, 1e-6f, kind);
        });
  }

  private void normShapes() {
    add(
        Op.Norm.class,
        "LAYER far from 0",
        o ->
            new Op.Norm(
                o.out(F32, 2, 64),
                o.floats(F32, Shape.of(2, 64), around(8)),
                NO,
                NO,
                1e-5f,
                NormKind.LAYER));
    add(
        Op.Norm.class,
        "slice of a wider matrix",
        o ->
            new Op.Norm(
                o.outGapped(3, F32, 4, 24),
                o.normal(F32, 4, 72).columns(24, 24),
                Optional.of(o.normal(F32, 24)),
                NO,
                1e-5f,
                NormKind.RMS));
    add(
        Op.Norm.class,
        "no rows",
        o -> new Op.Norm(o.out(F32, 0, 8), o.normal(F32, 0, 8), NO, NO, 1e-5f, NormKind.RMS));
  }

  /** 128 numbers close to {@code centre}. */
  private static double[] around(double centre) {
    double[] x = new double[128];
    for (int i = 0; i < x.length; i++) {
      x[i] = centre + Math.sin(i * i);
    }
    return x;
  }

  private void addNorms() {
    for (NormKind kind : NormKind.values()) {
      for (long d : new long[] {1, 33, 384, 2051}) {
        add(
            Op.AddNorm.class,
            kind + " of " + d,
            o ->
                new Op.AddNorm(
                    o.out(F32, 5, d),
                    o.out(F32, 5, d),
                    o.normal(F32, 5, d),
                    o.normal(F32, 5, d),
                    Optional.of(o.normal(F32, d)),
                    Optional.of(o.normal(F32, d)),
                    1e-5f,
                    kind));
      }
      sumInPlace(kind);
      outInPlace(kind);
    }
    add(
        Op.AddNorm.class,
        "gaps",
        o ->
            new Op.AddNorm(
                o.outGapped(1, F32, 4, 50),
                o.outGapped(2, F32, 4, 50),
                o.gapped(3, F32, 4, 50),
                o.gapped(4, F32, 4, 50),
                NO,
                NO,
                1e-5f,
                NormKind.LAYER));
  }

  private void sumInPlace(NormKind kind) {
    add(
        Op.AddNorm.class,
        kind + ", sum in the residual stream",
        o -> {
          Tensor x = o.normal(F32, 7, 65);
          return new Op.AddNorm(
              o.out(F32, 7, 65),
              x,
              x,
              o.normal(F32, 7, 65),
              Optional.of(o.normal(F32, 65)),
              NO,
              1e-6f,
              kind);
        });
    add(
        Op.AddNorm.class,
        kind + ", sum in the second input, bare",
        o -> {
          Tensor b = o.normal(F32, 7, 65);
          return new Op.AddNorm(o.out(F32, 7, 65), b, o.normal(F32, 7, 65), b, NO, NO, 1e-6f, kind);
        });
  }

  private void outInPlace(NormKind kind) {
    add(
        Op.AddNorm.class,
        kind + ", out in the sum (post-norm)",
        o -> {
          Tensor out = o.out(F32, 7, 65);
          return postNorm(out, o.normal(F32, 7, 65), o.normal(F32, 7, 65), kind, o);
        });
    add(
        Op.AddNorm.class,
        kind + ", all in place",
        o -> {
          Tensor x = o.normal(F32, 7, 65);
          return postNorm(x, x, o.normal(F32, 7, 65), kind, o);
        });
  }

  private static Op postNorm(Tensor out, Tensor a, Tensor b, NormKind kind, Operands o) {
    long d = out.shape().dim(-1);
    return new Op.AddNorm(
        out, out, a, b, Optional.of(o.normal(F32, d)), Optional.of(o.normal(F32, d)), 1e-5f, kind);
  }

  private void halves(DType c) {
    for (NormKind kind : NormKind.values()) {
      for (DType x : List.of(F32, c)) {
        add(
            Op.Norm.class,
            "%s, %s to %s".formatted(kind, x, c),
            o ->
                new Op.Norm(
                    o.out(c, 5, 129),
                    o.normal(x, 5, 129),
                    Optional.of(o.normal(F32, 129)),
                    Optional.of(o.normal(F32, 129)),
                    1e-5f,
                    kind));
      }
    }
    add(
        Op.AddNorm.class,
        "F32 stream and " + c + " to " + c,
        o -> {
          Tensor stream = o.normal(F32, 5, 65);
          return new Op.AddNorm(
              o.out(c, 5, 65),
              stream,
              stream,
              o.normal(c, 5, 65),
              Optional.of(o.normal(F32, 65)),
              NO,
              1e-6f,
              NormKind.RMS);
        });
  }
}
