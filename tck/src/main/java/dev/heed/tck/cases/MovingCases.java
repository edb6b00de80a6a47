package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;
import static dev.heed.tensor.DType.I8;
import static dev.heed.tensor.DType.Q8_0;

import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tck.OpCase;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Copy, Fill, Cast and Gather. */
public final class MovingCases {
  private final List<OpCase> cases = new ArrayList<>();

  private MovingCases() {}

  /** The cases. */
  public static List<OpCase> all() {
    MovingCases c = new MovingCases();
    c.copies();
    c.fills();
    c.casts();
    c.gathers();
    return c.cases;
  }

  private void add(Class<? extends Op> op, String name, Function<Operands, Op> build) {
    cases.add(new OpCase(op, name, build));
  }

  private void copies() {
    for (DType t : List.of(F32, DType.F16, DType.BF16, I32, I8)) {
      add(Op.Copy.class, t + " [5, 7]", o -> new Op.Copy(o.out(t, 5, 7), o.normal(t, 5, 7)));
    }
    add(
        Op.Copy.class,
        "Q4_0 [3, 64]",
        o -> new Op.Copy(o.out(DType.Q4_0, 3, 64), o.normal(DType.Q4_0, 3, 64)));
    add(Op.Copy.class, "one element", o -> new Op.Copy(o.out(F32, 1), o.normal(F32, 1)));
    add(Op.Copy.class, "scalar", o -> new Op.Copy(o.out(F32), o.normal(F32)));
    add(Op.Copy.class, "nothing", o -> new Op.Copy(o.out(F32, 0, 4), o.normal(F32, 0, 4)));
    add(Op.Copy.class, "large", o -> new Op.Copy(o.out(F32, 37, 1031), o.normal(F32, 37, 1031)));
    add(
        Op.Copy.class,
        "from gaps",
        o -> new Op.Copy(o.out(F32, 9, 5, 3), o.gapped(4, F32, 9, 5, 3)));
    add(
        Op.Copy.class,
        "to gaps",
        o -> new Op.Copy(o.outGapped(11, F32, 9, 5), o.normal(F32, 9, 5)));
    add(
        Op.Copy.class,
        "gaps to gaps",
        o -> new Op.Copy(o.outGapped(1, I32, 4, 33), o.gapped(7, I32, 4, 33)));
    add(
        Op.Copy.class,
        "columns of one matrix to another",
        o -> new Op.Copy(o.outGapped(5, F32, 6, 8), o.normal(F32, 6, 24).columns(8, 8)));
    add(
        Op.Copy.class,
        "onto itself",
        o -> {
          Tensor t = o.normal(F32, 4, 5);
          return new Op.Copy(t, t);
        });
  }

  private void fills() {
    for (DType t : List.of(F32, DType.F16, DType.BF16, I32)) {
      add(Op.Fill.class, t + " [3, 5]", o -> new Op.Fill(o.out(t, 3, 5), -2.75f));
    }
    add(Op.Fill.class, "-inf", o -> new Op.Fill(o.out(F32, 17), Float.NEGATIVE_INFINITY));
    add(Op.Fill.class, "gaps", o -> new Op.Fill(o.outGapped(3, F32, 7, 13), 1.5f));
    add(Op.Fill.class, "large", o -> new Op.Fill(o.out(F32, 70001), 0));
    add(Op.Fill.class, "nothing", o -> new Op.Fill(o.out(F32, 0), 1));
  }

  private void casts() {
    for (DType from : Types.WEIGHTS) {
      for (DType to : Types.FLOATS) {
        long width = Types.blocks(from, 70);
        add(
            Op.Cast.class,
            from + " to " + to,
            o -> new Op.Cast(o.out(to, 3, width), o.normal(from, 3, width)));
      }
      add(
          Op.Cast.class,
          from + " gaps",
          o ->
              new Op.Cast(
                  o.outGapped(9, F32, 3, Types.blocks(from, 40)),
                  o.gapped(from.blockSize(), from, 3, Types.blocks(from, 40))));
    }
    add(Op.Cast.class, "I32 to F32", o -> new Op.Cast(o.out(F32, 5, 3), o.normal(I32, 5, 3)));
    add(Op.Cast.class, "I8 to F32", o -> new Op.Cast(o.out(F32, 5, 35), o.normal(I8, 5, 35)));
    double[] edges = {
      0,
      -0.0,
      65504,
      65519.9,
      65520,
      -70000,
      1e-8,
      5.9604645e-8,
      2.9802322e-8,
      2.98023224e-8,
      1.00048828125,
      1.00146484375,
      1.00390625,
      1.01171875,
      3.4e38,
      1e-40,
      Double.POSITIVE_INFINITY,
      Double.NaN,
      -1.5
    };
    for (DType to : List.of(DType.F16, DType.BF16)) {
      add(
          Op.Cast.class,
          "ties, overflow, subnormals to " + to,
          o -> new Op.Cast(o.out(to, edges.length), o.floats(F32, Shape.of(edges.length), edges)));
    }
    castsToBlocks();
    add(
        Op.Cast.class,
        "F32 onto itself",
        o -> {
          Tensor t = o.normal(F32, 3, 7);
          return new Op.Cast(t, t);
        });
  }

  /** F32 to Q8_0. */
  private void castsToBlocks() {
    for (long[] s : new long[][] {{1, 32}, {3, 96}, {2, 5, 64}, {37, 2048}, {0, 32}}) {
      add(
          Op.Cast.class,
          "F32 %s to Q8_0".formatted(Shape.of(s)),
          o -> new Op.Cast(o.out(Q8_0, s), o.normal(F32, s)));
    }
    add(
        Op.Cast.class,
        "F32 to Q8_0, gaps",
        o -> new Op.Cast(o.outGapped(64, Q8_0, 5, 96), o.gapped(7, F32, 5, 96)));
    // Blocks of zeros; of ties, which 127 makes come out as they are; and past F16's ends.
    double[] edges = new double[4 * 32];
    for (int i = 0; i < 32; i++) {
      edges[32 + i] = i == 0 ? -127 : i - 15.5;
      edges[64 + i] = i * 1e6;
      edges[96 + i] = i * 1e-9;
    }
    add(
        Op.Cast.class,
        "zeros, ties, overflow, subnormals to Q8_0",
        o -> new Op.Cast(o.out(Q8_0, 4, 32), o.floats(F32, Shape.of(4, 32), edges)));
  }

  private void gathers() {
    for (DType t : Types.WEIGHTS) {
      long d = Types.blocks(t, 40);
      add(
          Op.Gather.class,
          t + " row-major",
          o -> new Op.Gather(o.out(F32, 6, d), o.normal(t, 37, d), o.ints(36, -1, 0, 5, 5, 31)));
      for (Use use : List.of(Use.TABLE, Use.BOTH)) {
        add(
            Op.Gather.class,
            t + " packed as " + use,
            o ->
                new Op.Gather(
                    o.out(F32, 6, d), o.packed(t, use, 37, d), o.ints(36, -1, 0, 5, 5, 31)));
      }
    }
    for (DType to : List.of(DType.F16, DType.BF16)) {
      add(
          Op.Gather.class,
          "F32 to " + to,
          o -> new Op.Gather(o.out(to, 3, 5), o.normal(F32, 7, 5), o.ints(6, -3, 0)));
    }
    add(
        Op.Gather.class,
        "no ids",
        o -> new Op.Gather(o.out(F32, 0, 5), o.normal(F32, 7, 5), o.ints()));
    add(
        Op.Gather.class,
        "one column, least id",
        o -> new Op.Gather(o.out(F32, 2, 1), o.normal(F32, 7, 1), o.ints(Integer.MIN_VALUE, 6)));
    add(
        Op.Gather.class,
        "gaps on both sides",
        o ->
            new Op.Gather(
                o.outGapped(3, F32, 4, 33), o.gapped(5, F32, 9, 33), o.ints(8, 0, 1, -1)));
    add(
        Op.Gather.class,
        "wide rows",
        o -> new Op.Gather(o.out(F32, 5, 1537), o.normal(F32, 11, 1537), o.ints(10, 9, 1, 0, 10)));
  }
}
