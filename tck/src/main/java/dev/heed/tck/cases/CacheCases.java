package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;

import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tck.OpCase;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** StoreRows and QkvRopeStore: what writes into KV pages. */
public final class CacheCases {
  private final List<OpCase> cases = new ArrayList<>();

  private CacheCases() {}

  /** The cases for a device with these compute types. */
  public static List<OpCase> all(Set<DType> computeTypes) {
    CacheCases c = new CacheCases();
    c.stores();
    c.projections();
    Types.halves(computeTypes).forEach(c::halves);
    return c.cases;
  }

  /**
   * A batch of sequences in the cache.
   *
   * @param queries rows of each sequence
   * @param starts their first positions; negative for an inert one
   */
  private record Batch(int pageSize, int[] queries, int[] starts) {
    int tokens() {
      int sum = 0;
      for (int q : queries) {
        sum += q;
      }
      return sum;
    }

    int maxBlocks() {
      int most = 1;
      for (int b = 0; b < queries.length; b++) {
        most = Math.max(most, (starts[b] + queries[b] + pageSize - 1) / pageSize);
      }
      return most + 1;
    }

    int pages() {
      return queries.length * maxBlocks() + 1;
    }

    /** Pages spread over the pool, from behind; -1 where a sequence has none. */
    Tensor blockTable(Operands o) {
      int blocks = maxBlocks();
      int[] table = new int[queries.length * blocks];
      for (int b = 0; b < queries.length; b++) {
        int used = starts[b] < 0 ? 0 : (starts[b] + queries[b] + pageSize - 1) / pageSize;
        for (int i = 0; i < blocks; i++) {
          table[b * blocks + i] = i < used ? pages() - 1 - (i * queries.length + b) : -1;
        }
      }
      return o.intsOf(Shape.of(queries.length, blocks), table);
    }

    Sequences sequences(Operands o) {
      int[] offsets = new int[queries.length + 1];
      int maxQueries = 0;
      int maxKeys = 0;
      for (int b = 0; b < queries.length; b++) {
        offsets[b + 1] = offsets[b] + queries[b];
        maxQueries = Math.max(maxQueries, queries[b]);
        maxKeys = Math.max(maxKeys, starts[b] + queries[b]);
      }
      return new Sequences(o.ints(offsets), o.ints(starts), maxQueries, maxKeys);
    }

    /** I32 [T]: the position of each row. */
    Tensor positions(Operands o) {
      int[] p = new int[tokens()];
      int t = 0;
      for (int b = 0; b < queries.length; b++) {
        for (int i = 0; i < queries[b]; i++) {
          p[t++] = starts[b] < 0 ? -1 : starts[b] + i;
        }
      }
      return o.ints(p);
    }
  }

  private static final Batch PREFILL =
      new Batch(16, new int[] {19, 1, 0, 33}, new int[] {0, 5, 2, 14});
  private static final Batch DECODE =
      new Batch(4, new int[] {1, 1, 1, 1}, new int[] {11, 0, -1, 4});
  private static final Batch ONE = new Batch(1, new int[] {3}, new int[] {2});

  private void stores() {
    for (DType pages : Types.FLOATS) {
      store("prefill to " + pages, PREFILL, F32, pages, 2, 40);
      store("decode, one sequence inert, to " + pages, DECODE, F32, pages, 3, 64);
    }
    store("pages of one row, one element", ONE, F32, F32, 1, 1);
    cases.add(
        new OpCase(
            Op.StoreRows.class,
            "a slice of a combined projection",
            o -> {
              Tensor rows =
                  o.normal(F32, PREFILL.tokens(), 200)
                      .columns(40, 80)
                      .reshape(PREFILL.tokens(), 2, 40);
              return new Op.StoreRows(
                  o.out(F32, PREFILL.pages(), 16, 2, 40),
                  rows,
                  PREFILL.blockTable(o),
                  PREFILL.sequences(o));
            }));
    cases.add(
        new OpCase(
            Op.StoreRows.class,
            "keeps what is stored",
            o ->
                new Op.StoreRows(
                    o.normal(F32, DECODE.pages(), 4, 2, 8),
                    o.normal(F32, 4, 2, 8),
                    DECODE.blockTable(o),
                    DECODE.sequences(o))));
  }

  private void store(String name, Batch batch, DType rows, DType pages, int heads, int d) {
    cases.add(
        new OpCase(
            Op.StoreRows.class,
            name,
            o ->
                new Op.StoreRows(
                    o.out(pages, batch.pages(), batch.pageSize(), heads, d),
                    o.normal(rows, batch.tokens(), heads, d),
                    batch.blockTable(o),
                    batch.sequences(o))));
  }

  private void projections() {
    for (boolean interleaved : new boolean[] {false, true}) {
      String how = interleaved ? "interleaved" : "half-split";
      for (int options = 0; options < 4; options++) {
        boolean bias = (options & 1) != 0;
        boolean norms = (options & 2) != 0;
        String name = how + (bias ? ", bias" : "") + (norms ? ", norms" : "");
        projection(
            name + ", prefill",
            PREFILL,
            F32,
            F32,
            new int[] {4, 2, 40, 40},
            bias,
            norms,
            interleaved);
        projection(
            name + ", decode",
            DECODE,
            F32,
            F32,
            new int[] {6, 1, 64, 64},
            bias,
            norms,
            interleaved);
      }
      projection(
          how + ", partial", PREFILL, F32, F32, new int[] {3, 3, 80, 32}, true, true, interleaved);
      projection(how + ", least", ONE, F32, F32, new int[] {1, 1, 2, 2}, true, true, interleaved);
      projection(
          how + ", F16 pages",
          DECODE,
          F32,
          DType.F16,
          new int[] {4, 2, 128, 128},
          true,
          false,
          interleaved);
      projection(
          how + ", BF16 pages",
          DECODE,
          F32,
          DType.BF16,
          new int[] {4, 2, 96, 96},
          false,
          true,
          interleaved);
    }
  }

  /** As models run that compute in 16 bits. */
  private void halves(DType c) {
    store(c + " rows, prefill to " + c, PREFILL, c, c, 2, 40);
    store(c + " rows, decode to " + c, DECODE, c, c, 3, 64);
    for (boolean interleaved : new boolean[] {false, true}) {
      String name = c + (interleaved ? ", interleaved" : ", half-split");
      int[] sizes = {4, 2, 64, 64};
      projection(name + ", prefill", PREFILL, c, c, sizes, false, false, interleaved);
      projection(name + ", bias, norms", PREFILL, c, c, sizes, true, true, interleaved);
      projection(name + ", decode", DECODE, c, c, sizes, true, false, interleaved);
      int[] partial = {3, 3, 80, 32};
      projection(name + ", partial", DECODE, c, c, partial, false, true, interleaved);
    }
  }

  /**
   * @param activations of the projection and of the queries
   * @param s heads, KV heads, head size, rotated part
   */
  private void projection(
      String name,
      Batch batch,
      DType activations,
      DType pages,
      int[] s,
      boolean bias,
      boolean norms,
      boolean interleaved) {
    int width = (s[0] + 2 * s[1]) * s[2];
    cases.add(
        new OpCase(
            Op.QkvRopeStore.class,
            name,
            o ->
                new Op.QkvRopeStore(
                    o.out(activations, batch.tokens(), s[0], s[2]),
                    o.out(pages, batch.pages(), batch.pageSize(), s[1], s[2]),
                    o.out(pages, batch.pages(), batch.pageSize(), s[1], s[2]),
                    o.normal(activations, batch.tokens(), width),
                    bias ? Optional.of(o.normal(F32, width)) : Optional.empty(),
                    norms ? Optional.of(o.normal(F32, s[2])) : Optional.empty(),
                    norms ? Optional.of(o.normal(F32, s[2])) : Optional.empty(),
                    1e-6f,
                    o.normal(F32, 50, 2, s[3] / 2),
                    batch.positions(o),
                    interleaved,
                    batch.blockTable(o),
                    batch.sequences(o))));
  }
}
