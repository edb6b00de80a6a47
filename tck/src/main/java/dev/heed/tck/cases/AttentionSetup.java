package dev.heed.tck.cases;

import static dev.heed.tensor.DType.F32;

import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Random;
import dev.heed.op.Sequences;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;

/**
 * One attention to try: a batch of sequences and all attributes. Keys and values that no sequence
 * attends to are NaN.
 */
final class AttentionSetup {
  private final int[] queries;
  private final int[] keys;
  private int[] starts;
  private int heads = 2;
  private int kvHeads = 2;
  private int size = 64;
  private int valueSize = 64;
  private int pageSize;
  private boolean shared;
  private boolean slices;
  private boolean roomy;
  private DType type = F32;
  private DType kvType = F32;
  private float scale = 0.125f;
  private boolean causal;
  private int window;
  private float softCap;
  private BiFunction<Operands, AttentionSetup, Bias> bias = (o, s) -> Bias.NONE;
  private Normalizer normalizer = Normalizer.SOFTMAX;
  private float dropout = -1;
  private boolean weights;

  private AttentionSetup(int[] queries, int[] keys) {
    this.queries = queries;
    this.keys = keys;
    starts = new int[queries.length];
  }

  /** Sequences with these numbers of queries and keys; queries start at position 0. */
  static AttentionSetup of(int[] queries, int[] keys) {
    return new AttentionSetup(queries, keys);
  }

  /** Self-attention without a cache. */
  static AttentionSetup self(int... tokens) {
    return of(tokens, tokens);
  }

  /** The last queries of sequences that have a past: causal, at the right positions. */
  static AttentionSetup decode(int[] queries, int[] keys) {
    AttentionSetup s = of(queries, keys).causal();
    Arrays.setAll(s.starts, b -> keys[b] - queries[b]);
    return s;
  }

  AttentionSetup heads(int all, int kv) {
    heads = all;
    kvHeads = kv;
    return this;
  }

  AttentionSetup size(int d, int dv) {
    size = d;
    valueSize = dv;
    scale = (float) (1 / Math.sqrt(d));
    return this;
  }

  AttentionSetup starts(int... positions) {
    starts = positions;
    return this;
  }

  AttentionSetup paged(int rows) {
    pageSize = rows;
    return this;
  }

  /** All sequences read the keys of the first. */
  AttentionSetup shared() {
    shared = true;
    return this;
  }

  /** q, k and v are slices of one matrix; wants self-attention with as many KV heads as heads. */
  AttentionSetup slices() {
    slices = true;
    return this;
  }

  /** maxQueries and maxKeys are larger than any sequence. */
  AttentionSetup roomy() {
    roomy = true;
    return this;
  }

  AttentionSetup types(DType queries, DType kv) {
    type = queries;
    kvType = kv;
    return this;
  }

  AttentionSetup scale(float s) {
    scale = s;
    return this;
  }

  AttentionSetup causal() {
    causal = true;
    return this;
  }

  AttentionSetup window(int w) {
    window = w;
    return this;
  }

  AttentionSetup softCap(float cap) {
    softCap = cap;
    return this;
  }

  AttentionSetup relu() {
    normalizer = Normalizer.RELU;
    return this;
  }

  AttentionSetup dropout(float p) {
    dropout = p;
    return this;
  }

  AttentionSetup weights() {
    weights = true;
    return this;
  }

  /** N(0, 1) for every or one batch and head, as [B or 1, H or 1, maxQ, maxK]. */
  AttentionSetup dense(boolean eachSequence, boolean eachHead) {
    bias =
        (o, s) ->
            new Bias.Dense(
                o.normal(
                    F32,
                    eachSequence ? s.queries.length : 1,
                    eachHead ? s.heads : 1,
                    s.maxQueries(),
                    s.maxKeys()));
    return this;
  }

  /** Given numbers for all sequences and heads: [1, 1, maxQ, maxK]. */
  AttentionSetup mask(double... values) {
    bias =
        (o, s) ->
            new Bias.Dense(o.floats(F32, Shape.of(1, 1, s.maxQueries(), s.maxKeys()), values));
    return this;
  }

  AttentionSetup relative(int buckets, boolean bidirectional, int maxDistance) {
    bias = (o, s) -> new Bias.Relative(o.normal(F32, buckets, s.heads), bidirectional, maxDistance);
    return this;
  }

  /** The paper's slopes, 2^(-8 (h + 1) / H). */
  AttentionSetup alibi() {
    bias =
        (o, s) -> {
          double[] slopes = new double[s.heads];
          Arrays.setAll(slopes, h -> Math.pow(2, -8.0 * (h + 1) / s.heads));
          return new Bias.Alibi(o.floats(F32, Shape.of(s.heads), slopes));
        };
    return this;
  }

  private int maxQueries() {
    return Arrays.stream(queries).max().orElse(0) + (roomy ? 5 : 0);
  }

  private int maxKeys() {
    return Arrays.stream(keys).max().orElse(0) + (roomy ? 9 : 0);
  }

  private int tokens() {
    return Arrays.stream(queries).sum();
  }

  /** The op on tensors of its own. */
  Op build(Operands o) {
    int[] offsets = new int[queries.length + 1];
    for (int b = 0; b < queries.length; b++) {
      offsets[b + 1] = offsets[b] + queries[b];
    }
    Sequences seq = new Sequences(o.ints(offsets), o.ints(starts), maxQueries(), maxKeys());
    Tensor all = slices ? o.normal(type, tokens(), 3L * heads * size) : null;
    Tensor q = slices ? slice(all, 0) : o.normal(type, tokens(), heads, size);
    KeyValues kv = pageSize > 0 ? pages(o) : ragged(o, all);
    return new Op.Attention(
        o.out(type, tokens(), heads, valueSize),
        q,
        kv,
        seq,
        scale,
        causal,
        window,
        softCap,
        bias.apply(o, this),
        normalizer,
        dropout >= 0 ? Optional.of(new Random(dropout, o.ints(99, -5, 3))) : Optional.empty(),
        weights ? Optional.of(o.out(F32, tokens(), heads, maxKeys())) : Optional.empty());
  }

  private Tensor slice(Tensor all, int which) {
    long width = (long) heads * size;
    return all.columns(which * width, width).reshape(tokens(), heads, size);
  }

  /** Two unused rows before each sequence's. */
  private KeyValues ragged(Operands o, Tensor all) {
    int[] first = new int[keys.length];
    int rows = 0;
    for (int b = 0; b < keys.length; b++) {
      if (!slices && (b == 0 || !shared)) {
        rows += 2;
      }
      first[b] = shared ? first[0] + (b == 0 ? rows : 0) : rows;
      rows += b == 0 || !shared ? keys[b] : 0;
    }
    Tensor starts = o.ints(first);
    Tensor lengths = o.ints(keys);
    if (slices) {
      return new KeyValues.Ragged(slice(all, 1), slice(all, 2), starts, lengths);
    }
    LongPredicate used = row -> used(first, row);
    long s = rows + 3;
    return new KeyValues.Ragged(
        o.normalRows(kvType, (long) kvHeads * size, used, s, kvHeads, size),
        o.normalRows(kvType, (long) kvHeads * valueSize, used, s, kvHeads, valueSize),
        starts,
        lengths);
  }

  private boolean used(int[] first, long row) {
    for (int b = 0; b < keys.length; b++) {
      if (starts[b] >= 0 && row >= first[b] && row < first[b] + keys[b]) {
        return true;
      }
    }
    return false;
  }

  /** Pages in no order, some of them unused. */
  private KeyValues pages(Operands o) {
    int blocks = (maxKeys() + pageSize - 1) / pageSize + 1;
    int pages = keys.length * blocks + 2;
    List<Integer> order = new ArrayList<>(IntStream.range(0, pages).boxed().toList());
    Collections.shuffle(order, new java.util.Random(pages));
    int[] table = new int[keys.length * blocks];
    boolean[] valid = new boolean[pages * pageSize];
    for (int b = 0; b < keys.length; b++) {
      for (int i = 0; i < blocks; i++) {
        int page = order.get(b * blocks + i);
        table[b * blocks + i] = i * pageSize < keys[b] ? page : -1;
        for (int r = 0; r < pageSize && i * pageSize + r < keys[b]; r++) {
          valid[page * pageSize + r] = starts[b] >= 0;
        }
      }
    }
    LongPredicate used = row -> valid[(int) row];
    return new KeyValues.Paged(
        o.normalRows(kvType, (long) kvHeads * size, used, pages, pageSize, kvHeads, size),
        o.normalRows(kvType, (long) kvHeads * valueSize, used, pages, pageSize, kvHeads, valueSize),
        o.intsOf(Shape.of(keys.length, blocks), table),
        o.ints(keys));
  }
}
