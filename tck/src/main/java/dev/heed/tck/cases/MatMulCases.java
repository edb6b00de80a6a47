package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.Q4_0;
import static dev.heed.tensor.DType.Q8_0;

import dev.heed.device.HostWeight;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tck.Numbers;
import dev.heed.tck.OpCase;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** MatMul. */
public final class MatMulCases {
  /** M, N, K: no multiple of a tile, and some that are. */
  private static final long[][] SIZES = {
    {1, 1, 1},
    {1, 1, 17},
    {2, 3, 4},
    {1, 33, 65},
    {3, 31, 7},
    {5, 7, 129},
    {7, 17, 33},
    {8, 32, 64},
    {9, 100, 37},
    {13, 129, 257},
    {16, 16, 16},
    {17, 33, 100},
    {33, 65, 31},
    {64, 64, 64},
    {65, 97, 515},
    {1, 300, 1100},
    {4, 48, 2049},
    {130, 67, 70},
    {3, 5, 0},
    {0, 5, 3}
  };

  /** For block types, K is made whole blocks. */
  private static final long[][] WEIGHT_SIZES = {
    {1, 9, 1}, {1, 37, 300}, {3, 32, 64}, {17, 45, 520}, {40, 70, 256}
  };

  /** For 8-bit activations. */
  private static final long[][] ROUNDED_SIZES = {
    {1, 9, 1},
    {1, 70, 800},
    {2, 37, 300},
    {3, 32, 64},
    {7, 33, 512},
    {8, 65, 256},
    {15, 31, 288},
    {17, 45, 520},
    {40, 70, 256}
  };

  private final List<OpCase> cases = new ArrayList<>();

  private MatMulCases() {}

  /** The cases for a device with these compute types. */
  public static List<OpCase> all(Set<DType> computeTypes) {
    MatMulCases c = new MatMulCases();
    c.sizes();
    Types.WEIGHTS.forEach(c::weights);
    c.packing();
    c.batches();
    c.views();
    Types.BLOCKS.forEach(c::rounded);
    c.roundedViews();
    Types.halves(computeTypes).forEach(c::halves);
    return c.cases;
  }

  private void add(String name, Function<Operands, Op> build) {
    cases.add(new OpCase(Op.MatMul.class, name, build));
  }

  private static String name(long[] s) {
    return "[%d, %d] x [%d, %d]".formatted(s[0], s[2], s[1], s[2]);
  }

  private void sizes() {
    for (long[] s : SIZES) {
      add(
          name(s),
          o ->
              new Op.MatMul(
                  o.out(F32, s[0], s[1]),
                  o.normal(F32, s[0], s[2]),
                  o.normal(F32, s[1], s[2]),
                  true));
      add(
          name(s) + ", w as [K, N]",
          o ->
              new Op.MatMul(
                  o.out(F32, s[0], s[1]),
                  o.normal(F32, s[0], s[2]),
                  o.normal(F32, s[2], s[1]),
                  false));
      add(
          name(s) + ", packed",
          o ->
              new Op.MatMul(
                  o.out(F32, s[0], s[1]),
                  o.normal(F32, s[0], s[2]),
                  o.packed(F32, Use.MATRIX, s[1], s[2]),
                  true));
    }
  }

  private void weights(DType type) {
    for (long[] size : WEIGHT_SIZES) {
      long[] s = {size[0], size[1], Types.blocks(type, size[2])};
      products(type + " weights " + name(s), s, F32, type);
    }
    if (type.isFloat()) {
      add(
          type + " weights [K, N]",
          o ->
              new Op.MatMul(
                  o.out(F32, 5, 19), o.normal(F32, 5, 33), o.normal(type, 33, 19), false));
    }
  }

  /** x [s[0], s[2]] times w [s[1], s[2]], plain and packed for each use. */
  private void products(String name, long[] s, DType x, DType w) {
    add(
        name + ", row-major",
        o ->
            new Op.MatMul(
                o.out(F32, s[0], s[1]), o.normal(x, s[0], s[2]), o.normal(w, s[1], s[2]), true));
    for (Use use : List.of(Use.MATRIX, Use.BOTH)) {
      add(
          name + ", packed as " + use,
          o ->
              new Op.MatMul(
                  o.out(F32, s[0], s[1]),
                  o.normal(x, s[0], s[2]),
                  o.packed(w, use, s[1], s[2]),
                  true));
    }
  }

  private void packing() {
    for (DType type : List.of(F32, DType.F16, DType.BF16)) {
      add(
          type + " packed from [K, N]",
          o -> {
            HostWeight w =
                new HostWeight(
                    "w", List.of(o.host(type, 37 * 50)), Shape.of(37, 50), type, true, Use.MATRIX);
            return new Op.MatMul(o.out(F32, 6, 37), o.normal(F32, 6, 50), o.packed(w), true);
          });
    }
    for (DType type : List.of(F32, DType.F16, DType.Q8_0, DType.Q4_0, DType.Q4_K, DType.Q6_K)) {
      add(
          type + " packed from three parts",
          o -> {
            HostWeight w =
                new HostWeight(
                    "qkv",
                    List.of(o.host(type, 33 * 256), o.host(type, 256), o.host(type, 15 * 256)),
                    Shape.of(49, 256),
                    type,
                    false,
                    Use.MATRIX);
            return new Op.MatMul(o.out(F32, 3, 49), o.normal(F32, 3, 256), o.packed(w), true);
          });
    }
  }

  private void batches() {
    for (boolean transpose : new boolean[] {true, false}) {
      String how = transpose ? "[N, K]" : "[K, N]";
      add(
          "batched " + how,
          o ->
              new Op.MatMul(
                  o.out(F32, 3, 5, 7),
                  o.normal(F32, 3, 5, 11),
                  transpose ? o.normal(F32, 3, 7, 11) : o.normal(F32, 3, 11, 7),
                  transpose));
      add(
          "batched in two dimensions " + how,
          o ->
              new Op.MatMul(
                  o.out(F32, 2, 3, 4, 17),
                  o.normal(F32, 2, 3, 4, 9),
                  transpose ? o.normal(F32, 2, 3, 17, 9) : o.normal(F32, 2, 3, 9, 17),
                  transpose));
      add(
          "one w for a batch " + how,
          o ->
              new Op.MatMul(
                  o.out(F32, 2, 3, 10),
                  o.normal(F32, 2, 3, 12),
                  transpose ? o.normal(F32, 10, 12) : o.normal(F32, 12, 10),
                  transpose));
    }
    add(
        "a vector",
        o -> new Op.MatMul(o.out(F32, 35), o.normal(F32, 70), o.normal(F32, 35, 70), true));
    add(
        "a batch with gaps",
        o ->
            new Op.MatMul(
                o.outGapped(6, F32, 3, 5, 7),
                o.gapped(4, F32, 3, 5, 11),
                o.gapped(9, F32, 3, 7, 11),
                true));
  }

  private void views() {
    add(
        "gaps everywhere",
        o ->
            new Op.MatMul(
                o.outGapped(3, F32, 9, 21),
                o.gapped(5, F32, 9, 35),
                o.gapped(2, F32, 21, 35),
                true));
    add(
        "gaps everywhere, w as [K, N]",
        o ->
            new Op.MatMul(
                o.outGapped(3, F32, 9, 21),
                o.gapped(5, F32, 9, 35),
                o.gapped(2, F32, 35, 21),
                false));
    add(
        "x and out with gaps, packed",
        o ->
            new Op.MatMul(
                o.outGapped(3, F32, 19, 50),
                o.gapped(5, F32, 19, 64),
                o.packed(F32, Use.MATRIX, 50, 64),
                true));
    add(
        "slices of one matrix",
        o -> {
          Tensor all = o.normal(F32, 11, 90);
          return new Op.MatMul(o.out(F32, 11, 11), all.columns(0, 30), all.columns(30, 30), true);
        });
    for (DType type : List.of(DType.Q8_0, DType.Q4_K, DType.F16)) {
      add(
          type + " with x and out in gaps, packed",
          o ->
              new Op.MatMul(
                  o.outGapped(3, F32, 5, 50),
                  o.gapped(5, F32, 5, 256),
                  o.packed(type, Use.MATRIX, 50, 256),
                  true));
    }
  }

  /** Activations rounded to 8 bits. */
  private void rounded(DType type) {
    for (long[] size : ROUNDED_SIZES) {
      long[] s = {size[0], size[1], Types.blocks(type, size[2])};
      products("Q8_0 x, %s weights %s".formatted(type, name(s)), s, Q8_0, type);
    }
    long k = Types.blocks(type, 256);
    add(
        "Q8_0 x, %s weights, the largest quants".formatted(type),
        o ->
            new Op.MatMul(
                o.out(F32, 9, 40),
                o.bytes(Q8_0, Shape.of(9, k), Numbers.extreme(Q8_0, 9 * k)),
                o.packed(extreme(type, 40, k)),
                true));
  }

  private static HostWeight extreme(DType type, long n, long k) {
    MemorySegment bytes = Arena.ofAuto().allocate(type.bytes(n * k), 64);
    bytes.copyFrom(Numbers.extreme(type, n * k));
    return new HostWeight("w", List.of(bytes), Shape.of(n, k), type, false, Use.MATRIX);
  }

  private void roundedViews() {
    add(
        "Q8_0 x, a batch",
        o ->
            new Op.MatMul(
                o.out(F32, 3, 5, 35),
                o.normal(Q8_0, 3, 5, 96),
                o.packed(Q4_0, Use.MATRIX, 35, 96),
                true));
    for (DType type : List.of(Q8_0, Q4_0, DType.Q4_K, DType.Q6_K)) {
      add(
          "Q8_0 x, %s weights, x and out in gaps, packed".formatted(type),
          o ->
              new Op.MatMul(
                  o.outGapped(3, F32, 5, 50),
                  o.gapped(32, Q8_0, 5, 512),
                  o.packed(type, Use.MATRIX, 50, 512),
                  true));
      add(
          "Q8_0 x, %s packed from three parts".formatted(type),
          o -> {
            HostWeight w =
                new HostWeight(
                    "qkv",
                    List.of(o.host(type, 33 * 256), o.host(type, 256), o.host(type, 15 * 256)),
                    Shape.of(49, 256),
                    type,
                    false,
                    Use.MATRIX);
            return new Op.MatMul(o.out(F32, 3, 49), o.normal(Q8_0, 3, 256), o.packed(w), true);
          });
    }
  }

  private void halves(DType c) {
    halvesLarge(c);
    for (DType out : List.of(c, F32)) {
      for (DType w : Types.WEIGHTS) {
        long k = Types.blocks(w, 70);
        for (long m : new long[] {1, 19}) {
          String name = "%s [%d, %d] x %s to %s".formatted(c, m, k, w, out);
          add(
              name,
              o -> new Op.MatMul(o.out(out, m, 37), o.normal(c, m, k), o.normal(w, 37, k), true));
          add(
              name + ", packed",
              o ->
                  new Op.MatMul(
                      o.out(out, m, 37), o.normal(c, m, k), o.packed(w, Use.MATRIX, 37, k), true));
        }
      }
    }
  }

  /** More than one tile each way, and several segments of k. */
  private void halvesLarge(DType c) {
    for (DType w : Types.WEIGHTS) {
      if (w == c || w.isBlock()) {
        long k = Types.blocks(w, 600);
        add(
            "%s [70, %d] x %s [150, %d], packed".formatted(c, k, w, k),
            o ->
                new Op.MatMul(
                    o.out(F32, 70, 150),
                    o.normal(c, 70, k),
                    o.packed(w, Use.MATRIX, 150, k),
                    true));
      }
    }
    add(
        c + " [130, 40] x [8150, 40], packed",
        o ->
            new Op.MatMul(
                o.out(c, 130, 8150),
                o.normal(c, 130, 40),
                o.packed(c, Use.MATRIX, 8150, 40),
                true));
    add(
        c + " with gaps, packed",
        o ->
            new Op.MatMul(
                o.outGapped(3, F32, 20, 50),
                o.gapped(5, c, 20, 64),
                o.packed(c, Use.MATRIX, 50, 64),
                true));
  }
}
