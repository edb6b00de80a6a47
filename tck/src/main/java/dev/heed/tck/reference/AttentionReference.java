package dev.heed.tck.reference;

import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.tck.reference.Reference.Values;
import dev.heed.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/** Attention, query by query. */
final class AttentionReference {
  private final Op.Attention op;
  private final DoubleUnaryOperator rounding;
  private final double[] q;
  private final double[] k;
  private final double[] v;
  private final int heads;
  private final int kvHeads;
  private final int size;
  private final int valueSize;
  private final double[] offsets;
  private final double[] starts;
  private final double[] lengths;
  private final double[] rows; // starts, or the block table
  private final double[] bias; // whatever the bias reads
  private final double[] state;
  private final double[] out;
  private final double[] weights;

  AttentionReference(Op.Attention op, Values in) {
    this(op, in, DoubleUnaryOperator.identity());
  }

  /** The same with every score, weight and result rounded. */
  AttentionReference(Op.Attention op, Values in, DoubleUnaryOperator rounding) {
    this.op = op;
    this.rounding = rounding;
    q = in.read(op.q());
    k = in.read(op.kv().keys());
    v = in.read(op.kv().values());
    heads = (int) op.q().shape().dim(1);
    size = (int) op.q().shape().dim(2);
    kvHeads = (int) op.kv().keys().shape().dim(-2);
    valueSize = (int) op.kv().values().shape().dim(-1);
    offsets = in.read(op.seq().queryOffsets());
    starts = in.read(op.seq().queryStart());
    lengths = in.read(op.kv().lengths());
    rows =
        in.read(
            switch (op.kv()) {
              case KeyValues.Ragged r -> r.starts();
              case KeyValues.Paged p -> p.blockTable();
            });
    bias =
        switch (op.bias()) {
          case Bias.None n -> new double[0];
          case Bias.Dense d -> in.read(d.values());
          case Bias.Relative r -> in.read(r.table());
          case Bias.Alibi a -> in.read(a.slopes());
        };
    state = op.dropout().map(d -> in.read(d.state())).orElse(null);
    out = in.read(op.out());
    weights = op.weights().map(in::read).orElse(null);
  }

  void into(Map<Tensor, double[]> results) {
    for (int b = 0; b < starts.length; b++) {
      for (int t = (int) offsets[b]; t < (int) offsets[b + 1]; t++) {
        for (int h = 0; h < heads; h++) {
          query(b, t, t - (int) offsets[b], (int) starts[b], h);
        }
      }
    }
    results.put(op.out(), out);
    op.weights().ifPresent(w -> results.put(w, weights));
    op.dropout().ifPresent(d -> results.put(d.state(), Elementwise.advanced(state)));
  }

  /** Query {@code i} of sequence {@code b}, in row {@code t}. */
  private void query(int b, int t, int i, int start, int h) {
    int keys = start < 0 ? 0 : (int) lengths[b];
    int kvHead = h / (heads / kvHeads);
    double[] s = new double[keys];
    for (int j = 0; j < keys; j++) {
      s[j] =
          visible(start + i, j)
              ? rounding.applyAsDouble(score(b, t, i, start + i, h, kvHead, j))
              : hidden();
    }
    double[] w =
        op.normalizer() == Normalizer.SOFTMAX
            ? Rows.softmax(s)
            : Arrays.stream(s).map(x -> Math.max(0, x)).toArray();
    int to = (t * heads + h) * valueSize;
    Arrays.fill(out, to, to + valueSize, 0);
    for (int j = 0; j < keys; j++) {
      double kept = rounding.applyAsDouble(w[j]) * dropout(b, i, h, j);
      int from = (row(b, j) * kvHeads + kvHead) * valueSize;
      for (int c = 0; c < valueSize && kept != 0; c++) {
        out[to + c] += kept * v[from + c];
      }
    }
    for (int c = to; c < to + valueSize; c++) {
      out[c] = rounding.applyAsDouble(out[c]);
    }
    if (weights != null) {
      int maxKeys = op.seq().maxKeys();
      int row = (t * heads + h) * maxKeys;
      Arrays.fill(weights, row, row + maxKeys, 0);
      System.arraycopy(w, 0, weights, row, keys);
    }
  }

  private static double hidden() {
    return Double.NEGATIVE_INFINITY;
  }

  private boolean visible(int position, int j) {
    return (!op.causal() || j <= position) && (op.window() == 0 || j > position - op.window());
  }

  private double score(int b, int t, int i, int position, int h, int kvHead, int j) {
    double dot = 0;
    int key = (row(b, j) * kvHeads + kvHead) * size;
    for (int c = 0; c < size; c++) {
      dot += q[(t * heads + h) * size + c] * k[key + c];
    }
    double added = bias(b, i, position, h, j);
    if (added == hidden()) {
      return added;
    }
    double s = op.scale() * dot + added;
    return op.softCap() == 0 ? s : op.softCap() * Math.tanh(s / op.softCap());
  }

  /** The row of key {@code j} in k and v, all pages put one behind the other. */
  private int row(int b, int j) {
    return switch (op.kv()) {
      case KeyValues.Ragged r -> (int) rows[b] + j;
      case KeyValues.Paged p -> {
        int pageSize = (int) p.kPages().shape().dim(1);
        int blocks = (int) p.blockTable().shape().dim(1);
        yield (int) rows[b * blocks + j / pageSize] * pageSize + j % pageSize;
      }
    };
  }

  private double bias(int b, int i, int position, int h, int j) {
    return switch (op.bias()) {
      case Bias.None n -> 0;
      case Bias.Dense d -> {
        int maxQueries = op.seq().maxQueries();
        int maxKeys = op.seq().maxKeys();
        int batch = d.values().shape().dim(0) == 1 ? 0 : b;
        int hs = (int) d.values().shape().dim(1);
        yield bias[((batch * hs + (hs == 1 ? 0 : h)) * maxQueries + i) * maxKeys + j];
      }
      case Bias.Relative r ->
          bias[
              RelativeBuckets.of(
                          j - position,
                          r.bidirectional(),
                          (int) r.table().shape().dim(0),
                          r.maxDistance())
                      * heads
                  + h];
      case Bias.Alibi a -> -bias[h] * Math.abs(j - position);
    };
  }

  /** 1 / (1 - p) or 0. */
  private double dropout(int b, int i, int h, int j) {
    if (op.dropout().isEmpty()) {
      return 1;
    }
    double p = op.dropout().orElseThrow().probability();
    return Philox.draw(state, j / 4, i, b * heads + h, j % 4) >= p ? 1 / (1 - p) : 0;
  }
}
