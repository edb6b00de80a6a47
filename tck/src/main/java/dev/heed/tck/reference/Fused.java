package dev.heed.tck.reference;

import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.tck.reference.Reference.Values;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/** The cache step between projection and attention, and sampling. */
final class Fused {
  private Fused() {}

  static void qkvRopeStore(Op.QkvRopeStore o, Values in, Map<Tensor, double[]> out) {
    int tokens = (int) o.q().shape().dim(0);
    int heads = (int) o.q().shape().dim(1);
    int d = (int) o.q().shape().dim(2);
    int kvHeads = (int) o.kPages().shape().dim(2);
    int width = (heads + 2 * kvHeads) * d;
    double[] all = in.read(o.qkv());
    double[] bias = o.bias().map(in::read).orElse(new double[width]);
    for (int i = 0; i < all.length; i++) {
      all[i] += bias[i % width];
    }
    double[] q = columns(all, width, 0, heads * d);
    double[] k = columns(all, width, heads * d, kvHeads * d);
    double[] v = columns(all, width, (heads + kvHeads) * d, kvHeads * d);
    out.put(o.q(), rotate(o, q, Shape.of(tokens, heads, d), o.qNorm(), in));
    double[] kPages = in.read(o.kPages());
    double[] vPages = in.read(o.vPages());
    double[] rotated = rotate(o, k, Shape.of(tokens, kvHeads, d), o.kNorm(), in);
    Moving.store(kPages, o.kPages(), rotated, o.blockTable(), o.seq(), in);
    Moving.store(vPages, o.vPages(), v, o.blockTable(), o.seq(), in);
    out.put(o.kPages(), kPages);
    out.put(o.vPages(), vPages);
  }

  private static double[] rotate(
      Op.QkvRopeStore o, double[] x, Shape shape, Optional<Tensor> norm, Values in) {
    double[] y =
        norm.isPresent()
            ? Rows.norm(x, shape, norm, Optional.empty(), o.eps(), NormKind.RMS, in)
            : x;
    return Rows.rope(y, shape, o.cosSin(), o.positions(), o.interleaved(), in);
  }

  private static double[] columns(double[] all, int width, int from, int count) {
    double[] out = new double[all.length / width * count];
    for (int t = 0; t < all.length / width; t++) {
      System.arraycopy(all, t * width + from, out, t * count, count);
    }
    return out;
  }

  /** Ids [R] that the rows draw. */
  static double[] sample(Op.Sample o, Values in) {
    int rows = (int) o.logits().shape().dim(0);
    int vocabulary = (int) o.logits().shape().dim(1);
    int width = (int) o.history().shape().dim(1);
    double[] logits = in.read(o.logits());
    double[] parameters = in.read(o.parameters());
    double[] history = in.read(o.history());
    double[] lengths = in.read(o.historyLengths());
    double[] ids = new double[rows];
    for (int r = 0; r < rows; r++) {
      double[] x = Arrays.copyOfRange(logits, r * vocabulary, (r + 1) * vocabulary);
      double[] p = Arrays.copyOfRange(parameters, r * 5, r * 5 + 5);
      double[] seen = Arrays.copyOfRange(history, r * width, r * width + (int) lengths[r]);
      ids[r] = choose(x, p, seen, Philox.draw(in.read(o.state()), r, 0, 0, 0));
    }
    return ids;
  }

  /**
   * The id drawn from one row of logits; -1 if it has no finite greatest number.
   *
   * @param p temperature, top-k, top-p, min-p, repetition penalty
   * @param seen ids so far
   * @param u in [0, 1)
   */
  static int choose(double[] logits, double[] p, double[] seen, double u) {
    double[] x = logits.clone();
    Arrays.stream(seen)
        .distinct()
        .mapToInt(id -> (int) id)
        .forEach(id -> x[id] = x[id] > 0 ? x[id] / p[4] : x[id] * p[4]);
    Arrays.setAll(x, i -> Double.isNaN(x[i]) ? Double.NEGATIVE_INFINITY : x[i]);
    if (!Double.isFinite(Arrays.stream(x).max().getAsDouble())) {
      return -1;
    }
    int[] order = Rows.descending(x);
    if (p[0] == 0) {
      return order[0];
    }
    double[] likely = Rows.softmax(Arrays.stream(order).mapToDouble(i -> x[i] / p[0]).toArray());
    int kept = p[1] > 0 ? Math.min((int) p[1], x.length) : x.length;
    kept = nucleus(likely, kept, p[2] * Arrays.stream(likely, 0, kept).sum());
    while (kept > 1 && likely[kept - 1] < p[3] * likely[0]) {
      kept--;
    }
    double[] byId = new double[x.length];
    for (int i = 0; i < kept; i++) {
      byId[order[i]] = likely[i];
    }
    double target = u * Arrays.stream(likely, 0, kept).sum();
    double sum = 0;
    for (int id = 0; id < byId.length; id++) {
      sum += byId[id];
      if (sum > target) {
        return id;
      }
    }
    return order[0];
  }

  /** The least number of candidates whose probabilities reach {@code mass}. */
  private static int nucleus(double[] p, int kept, double mass) {
    double sum = 0;
    for (int i = 0; i < kept; i++) {
      sum += p[i];
      if (sum >= mass) {
        return i + 1;
      }
    }
    return kept;
  }
}
