package dev.heed.tck.golden;

import static dev.heed.tensor.DType.F32;

import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tck.Operands;
import dev.heed.tck.golden.GoldenCase.Expected;
import dev.heed.tck.golden.GoldenCase.Rule;
import dev.heed.tck.golden.GoldenCase.Run;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * ONNX's Attention on ragged rows: past and present keys become one run of rows for each sequence,
 * boolean masks become 0 and -inf. The first query stands behind the past.
 */
final class OnnxAttention {
  private final OnnxFile file;
  private final boolean flat;
  private final int batch;
  private final int queries;
  private final int keys;
  private final int past;
  private final int heads;
  private final int kvHeads;

  OnnxAttention(OnnxFile file) {
    this.file = file;
    OnnxFile.Values q = file.input("Q");
    OnnxFile.Values k = file.input("K");
    flat = q.rank() == 3;
    batch = q.dim(0);
    heads = flat ? (int) file.attribute("q_num_heads", 0) : q.dim(1);
    kvHeads = flat ? (int) file.attribute("kv_num_heads", 0) : k.dim(1);
    queries = q.dim(-2);
    past = file.optional("past_key").map(p -> p.dim(2)).orElse(0);
    keys = past + k.dim(-2);
  }

  Run build(Operands o) {
    int d = size(file.input("Q"), heads);
    int dv = size(file.input("V"), kvHeads);
    long rows = (long) batch * queries;
    Tensor out = o.out(F32, rows, heads, dv);
    boolean wantsWeights = file.attribute("qk_matmul_output_mode", 0) == 3;
    Tensor weights = wantsWeights ? o.out(F32, rows, heads, keys) : null;
    Op op =
        new Op.Attention(
            out,
            o.floats(F32, Shape.of(rows, heads, d), rows(file.input("Q"), heads, queries)),
            keyValues(o, d, dv),
            sequences(o),
            (float) file.attribute("scale", 1 / Math.sqrt(d)),
            file.attribute("is_causal", 0) == 1,
            0,
            (float) file.attribute("softcap", 0),
            bias(o),
            Normalizer.SOFTMAX,
            Optional.empty(),
            Optional.ofNullable(weights));
    OnnxFile.Values y = file.result();
    double limit = OnnxCases.limit(y);
    List<Expected> expected = new ArrayList<>();
    expected.add(new Expected(out, rows(y, heads, queries), Rule.CLOSE, limit));
    if (wantsWeights) {
      double[] want = rows(file.output("qk_matmul_output"), heads, queries);
      expected.add(new Expected(weights, want, Rule.CLOSE, limit));
    }
    return new Run(op, expected);
  }

  private int size(OnnxFile.Values x, int ofHeads) {
    return flat ? x.dim(2) / ofHeads : x.dim(3);
  }

  /** [B, H, T, D], or [B, T, H D], as rows. */
  private double[] rows(OnnxFile.Values x, int ofHeads, int tokens) {
    return x.rank() == 3 ? x.data() : HeadsFirst.toRows(x.data(), batch, ofHeads, tokens, x.dim(3));
  }

  private Sequences sequences(Operands o) {
    int[] offsets = new int[batch + 1];
    Arrays.setAll(offsets, b -> b * queries);
    int[] starts = new int[batch];
    Arrays.fill(starts, past);
    return new Sequences(o.ints(offsets), o.ints(starts), queries, keys);
  }

  private KeyValues keyValues(Operands o, int d, int dv) {
    int[] starts = new int[batch];
    int[] lengths = new int[batch];
    Arrays.setAll(starts, b -> b * keys);
    Arrays.fill(lengths, keys);
    long rows = (long) batch * keys;
    return new KeyValues.Ragged(
        o.floats(F32, Shape.of(rows, kvHeads, d), joined("K", "past_key", d)),
        o.floats(F32, Shape.of(rows, kvHeads, dv), joined("V", "past_value", dv)),
        o.ints(starts),
        o.ints(lengths));
  }

  /** The rows of each sequence's past, then its present ones. */
  private double[] joined(String name, String pastName, int d) {
    int present = keys - past;
    double[] now = rows(file.input(name), kvHeads, present);
    double[] before = past == 0 ? new double[0] : rows(file.input(pastName), kvHeads, past);
    int width = kvHeads * d;
    double[] all = new double[batch * keys * width];
    for (int b = 0; b < batch; b++) {
      System.arraycopy(before, b * past * width, all, b * keys * width, past * width);
      int to = (b * keys + past) * width;
      System.arraycopy(now, b * present * width, all, to, present * width);
    }
    return all;
  }

  /** A mask [Q, K] or [B or 1, H or 1, Q, K]. */
  private Bias bias(Operands o) {
    Optional<OnnxFile.Values> mask = file.optional("attn_mask");
    if (mask.isEmpty()) {
      return Bias.NONE;
    }
    OnnxFile.Values m = mask.get();
    double[] values = m.data().clone();
    if (m.type().equals("bool")) {
      Arrays.setAll(values, i -> values[i] != 0 ? 0 : Double.NEGATIVE_INFINITY);
    }
    int perBatch = m.rank() == 4 ? m.dim(0) : 1;
    int perHead = m.rank() >= 3 ? m.dim(-3) : 1;
    return new Bias.Dense(o.floats(F32, Shape.of(perBatch, perHead, m.dim(-2), m.dim(-1)), values));
  }
}
