package dev.heed;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** A BERT's forward pass from the paper's formulas, token by token, everything in F64. */
final class BertReference {
  private final Function<String, double[]> tensor;
  private final int heads;
  private final List<double[][]> states = new ArrayList<>();
  private final List<double[][][]> weights = new ArrayList<>();

  /**
   * Of a text.
   *
   * @param tensor gives a tensor's values by its name
   */
  BertReference(Function<String, double[]> tensor, int layers, int heads, int[] ids) {
    this.tensor = tensor;
    this.heads = heads;
    int hidden = tensor.apply("embeddings.LayerNorm.weight").length;
    double[][] x = new double[ids.length][hidden];
    for (int t = 0; t < ids.length; t++) {
      for (int i = 0; i < hidden; i++) {
        x[t][i] =
            tensor.apply("embeddings.word_embeddings.weight")[ids[t] * hidden + i]
                + tensor.apply("embeddings.position_embeddings.weight")[t * hidden + i]
                + tensor.apply("embeddings.token_type_embeddings.weight")[i];
      }
      x[t] = norm("embeddings.LayerNorm", x[t]);
    }
    states.add(x);
    for (int layer = 0; layer < layers; layer++) {
      x = layer("encoder.layer." + layer + ".", x);
      states.add(x);
    }
  }

  /** The embeddings, then what each layer made of them: [tokens][hidden]. */
  List<double[][]> states() {
    return states;
  }

  /** The attention weights of each layer: [heads][queries][keys]. */
  List<double[][][]> weights() {
    return weights;
  }

  private double[][] layer(String at, double[][] x) {
    double[][] q = each(x, t -> linear(at + "attention.self.query", t));
    double[][] k = each(x, t -> linear(at + "attention.self.key", t));
    double[][] v = each(x, t -> linear(at + "attention.self.value", t));
    double[][] mixed = attend(q, k, v);
    double[][] y = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] attention = linear(at + "attention.output.dense", mixed[t]);
      double[] h = norm(at + "attention.output.LayerNorm", sum(x[t], attention));
      double[] inner = linear(at + "intermediate.dense", h);
      double[] ffn =
          linear(
              at + "output.dense",
              IntStream.range(0, inner.length).mapToDouble(i -> gelu(inner[i])).toArray());
      y[t] = norm(at + "output.LayerNorm", sum(h, ffn));
    }
    return y;
  }

  private double[][] attend(double[][] q, double[][] k, double[][] v) {
    int n = q.length;
    int dim = q[0].length / heads;
    double[][][] all = new double[heads][n][n];
    double[][] mixed = new double[n][q[0].length];
    for (int h = 0; h < heads; h++) {
      for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) {
          double score = 0;
          for (int d = h * dim; d < (h + 1) * dim; d++) {
            score += q[i][d] * k[j][d];
          }
          all[h][i][j] = Math.exp(score / Math.sqrt(dim));
          sum += all[h][i][j];
        }
        for (int j = 0; j < n; j++) {
          all[h][i][j] /= sum;
          for (int d = h * dim; d < (h + 1) * dim; d++) {
            mixed[i][d] += all[h][i][j] * v[j][d];
          }
        }
      }
    }
    weights.add(all);
    return mixed;
  }

  private static double[][] each(double[][] x, Function<double[], double[]> f) {
    return java.util.Arrays.stream(x).map(f).toArray(double[][]::new);
  }

  private double[] linear(String name, double[] x) {
    double[] w = tensor.apply(name + ".weight");
    double[] y = tensor.apply(name + ".bias").clone();
    for (int o = 0; o < y.length; o++) {
      for (int i = 0; i < x.length; i++) {
        y[o] += w[o * x.length + i] * x[i];
      }
    }
    return y;
  }

  private double[] norm(String name, double[] x) {
    double mean = java.util.Arrays.stream(x).average().orElseThrow();
    double variance =
        java.util.Arrays.stream(x).map(a -> (a - mean) * (a - mean)).average().orElseThrow();
    double[] w = tensor.apply(name + ".weight");
    double[] b = tensor.apply(name + ".bias");
    return IntStream.range(0, x.length)
        .mapToDouble(i -> (x[i] - mean) / Math.sqrt(variance + 1e-12) * w[i] + b[i])
        .toArray();
  }

  private static double[] sum(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] + b[i]).toArray();
  }

  /** x times the normal distribution up to x. */
  private static double gelu(double x) {
    return x * 0.5 * (1 + erf(x / Math.sqrt(2)));
  }

  /** Its power series, and 1 where that does not converge in F64 any more. */
  private static double erf(double x) {
    if (Math.abs(x) > 5) {
      return Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; n < 150; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return sum * 2 / Math.sqrt(Math.PI);
  }
}
