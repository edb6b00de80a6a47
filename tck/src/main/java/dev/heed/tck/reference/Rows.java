package dev.heed.tck.reference;

import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.tck.reference.Reference.Values;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Ops on whole rows: norms, rotation, softmax, pooling, selection. */
final class Rows {
  private Rows() {}

  static double[] norm(
      double[] x,
      Shape shape,
      Optional<Tensor> weight,
      Optional<Tensor> bias,
      double eps,
      NormKind kind,
      Values in) {
    int d = (int) shape.dim(-1);
    double[] w = weight.map(in::read).orElse(null);
    double[] b = bias.map(in::read).orElse(null);
    double[] out = new double[x.length];
    for (int r = 0; r < x.length; r += d) {
      double mean = kind == NormKind.LAYER ? Arrays.stream(x, r, r + d).sum() / d : 0;
      double squares = 0;
      for (int i = 0; i < d; i++) {
        squares += (x[r + i] - mean) * (x[r + i] - mean);
      }
      double divisor =
          kind == NormKind.L2 ? Math.max(Math.sqrt(squares), eps) : Math.sqrt(squares / d + eps);
      for (int i = 0; i < d; i++) {
        double y = (x[r + i] - mean) / divisor;
        out[r + i] = y * (w == null ? 1 : w[i]) + (b == null ? 0 : b[i]);
      }
    }
    return out;
  }

  /** x [T, H, D], cosSin [positions, 2, R/2]. */
  static double[] rope(
      double[] x, Shape shape, Tensor cosSin, Tensor positions, boolean interleaved, Values in) {
    int heads = (int) shape.dim(1);
    int d = (int) shape.dim(2);
    int half = (int) cosSin.shape().dim(2);
    double[] table = in.read(cosSin);
    double[] at = in.read(positions);
    double[] out = x.clone();
    for (int t = 0; t < at.length; t++) {
      for (int h = 0; h < heads && at[t] >= 0; h++) {
        int row = (t * heads + h) * d;
        for (int m = 0; m < half; m++) {
          double c = table[(int) at[t] * 2 * half + m];
          double s = table[(int) at[t] * 2 * half + half + m];
          int i = row + (interleaved ? 2 * m : m);
          int j = row + (interleaved ? 2 * m + 1 : m + half);
          out[i] = x[i] * c - x[j] * s;
          out[j] = x[i] * s + x[j] * c;
        }
      }
    }
    return out;
  }

  static double[] softmax(Op.Softmax o, Values in) {
    Shape shape = o.x().shape();
    double[] x = in.read(o.x());
    double[] mask = o.mask().map(in::read).orElse(null);
    int k = (int) shape.dim(-1);
    double[] out = new double[x.length];
    for (int r = 0; r < x.length; r += k) {
      int query = o.causal() ? (r / k) % (int) shape.dim(-2) : k;
      double[] s = new double[k];
      for (int j = 0; j < k; j++) {
        double m =
            mask == null
                ? 0
                : mask[Elementwise.source(r + j, shape, o.mask().orElseThrow().shape())];
        boolean hidden = j > query || m == Double.NEGATIVE_INFINITY;
        s[j] = hidden ? Double.NEGATIVE_INFINITY : o.scale() * x[r + j] + m;
      }
      System.arraycopy(o.log() ? logSoftmax(s) : softmax(s), 0, out, r, k);
    }
    return out;
  }

  /** exp(s) / sum exp(s); zeros if every s is -inf. */
  static double[] softmax(double[] s) {
    double[] log = logSoftmax(s);
    return Arrays.stream(log).map(Math::exp).toArray();
  }

  private static double[] logSoftmax(double[] s) {
    double max = Arrays.stream(s).max().orElse(0);
    if (max == Double.NEGATIVE_INFINITY) {
      return s;
    }
    double sum = Arrays.stream(s).map(v -> Math.exp(v - max)).sum();
    return Arrays.stream(s).map(v -> v - max - Math.log(sum)).toArray();
  }

  static double[] pool(Op.Pool o, Values in) {
    double[] x = in.read(o.x());
    double[] offsets = in.read(o.offsets());
    int d = (int) o.x().shape().dim(1);
    double[] out = new double[(offsets.length - 1) * d];
    for (int b = 0; b + 1 < offsets.length; b++) {
      int from = (int) offsets[b];
      int to = (int) offsets[b + 1];
      for (int i = 0; i < d && from < to; i++) {
        int column = i;
        out[b * d + i] =
            switch (o.kind()) {
              case FIRST -> x[from * d + i];
              case LAST -> x[(to - 1) * d + i];
              case MEAN ->
                  IntStream.range(from, to).mapToDouble(t -> x[t * d + column]).sum() / (to - from);
              case MAX ->
                  IntStream.range(from, to).mapToDouble(t -> x[t * d + column]).max().orElseThrow();
            };
      }
    }
    return out;
  }

  static void topK(Op.TopK o, Values in, Map<Tensor, double[]> out) {
    double[] x = in.read(o.x());
    int rows = (int) o.x().shape().dim(0);
    int v = (int) o.x().shape().dim(1);
    int k = (int) o.values().shape().dim(1);
    double[] values = new double[rows * k];
    double[] ids = new double[rows * k];
    for (int r = 0; r < rows; r++) {
      int[] order = descending(Arrays.copyOfRange(x, r * v, (r + 1) * v));
      for (int i = 0; i < k; i++) {
        ids[r * k + i] = order[i];
        values[r * k + i] = x[r * v + order[i]];
      }
    }
    out.put(o.values(), values);
    out.put(o.ids(), ids);
  }

  /** Indices by falling value, equals by rising index, NaN last; 0 and -0 are equal. */
  static int[] descending(double[] x) {
    Comparator<Integer> falling =
        (a, b) ->
            Double.isNaN(x[a]) || Double.isNaN(x[b])
                ? Boolean.compare(Double.isNaN(x[a]), Double.isNaN(x[b]))
                : x[a] == x[b] ? 0 : Double.compare(x[b], x[a]);
    return IntStream.range(0, x.length)
        .boxed()
        .sorted(falling.thenComparing(Comparator.naturalOrder()))
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
