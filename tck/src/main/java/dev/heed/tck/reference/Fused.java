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
    double[] logits = in.read(o.logits());
    double[] parameters = in.read(o.parameters());
    double[] ids = new double[rows];
    for (int r = 0; r < rows; r++) {
      double[] x = Arrays.copyOfRange(logits, r * vocabulary, (r + 1) * vocabulary);
      double[] p = Arrays.copyOfRange(parameters, r * 5, r * 5 + 5);
      penalise(x, o, r, p[4], in);
      ids[r] = choose(x, p, Philox.draw(in.read(o.state()), r, 0, 0, 0));
    }
    return ids;
  }

  /** Divides positive and multiplies negative logits of ids seen before (Keskar et al. 2019). */
  private static void penalise(double[] x, Op.Sample o, int r, double penalty, Values in) {
    int width = (int) o.history().shape().dim(1);
    int length = (int) in.read(o.historyLengths())[r];
    double[] history = in.read(o.history());
    Arrays.stream(history, r * width, r * width + length)
        .distinct()
        .forEach(
            id -> x[(int) id] = x[(int) id] > 0 ? x[(int) id] / penalty : x[(int) id] * penalty);
  }

  /**
   * The first candidate, by falling probability, with which the cumulated probability exceeds
   * {@code u} times the probability of all candidates.
   *
   * @param parameters temperature, top-k, top-p, min-p
   */
  private static int choose(double[] x, double[] parameters, double u) {
    int[] order = Rows.descending(x);
    if (parameters[0] == 0) {
      return order[0];
    }
    double[] p =
        Rows.softmax(Arrays.stream(order).mapToDouble(i -> x[i] / parameters[0]).toArray());
    int kept = parameters[1] > 0 ? Math.min((int) parameters[1], p.length) : p.length;
    double total = Arrays.stream(p, 0, kept).sum();
    kept = nucleus(p, kept, parameters[2] * total);
    double least = parameters[3] * p[0];
    while (kept > 1 && p[kept - 1] < least) {
      kept--;
    }
    double target = u * Arrays.stream(p, 0, kept).sum();
    double sum = 0;
    for (int i = 0; i < kept; i++) {
      sum += p[i];
      if (sum > target) {
        return order[i];
      }
    }
    return order[kept - 1];
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
