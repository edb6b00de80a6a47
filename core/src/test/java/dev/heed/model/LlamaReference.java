package dev.heed.model;

import dev.heed.TinyModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A Llama's forward pass from the papers' formulas: one position after the other, no cache, no
 * batching, everything in F64.
 */
public final class LlamaReference {
  private static final int HIDDEN = 32;
  private static final int HEADS = 4;
  private static final int KV_HEADS = 2;
  private static final int HEAD = HIDDEN / HEADS;

  private final TinyModel model;
  private final List<double[][]> states = new ArrayList<>();
  private final List<double[][][]> weights = new ArrayList<>();
  int window = Integer.MAX_VALUE;
  double theta = 10000;
  double stretch = 1;

  /** Of a tiny Llama. */
  public LlamaReference(TinyModel model) {
    this.model = model;
  }

  /** The embeddings, then what each layer made of them: [tokens][hidden]. */
  public List<double[][]> states() {
    return states;
  }

  /** The attention weights of each layer: [heads][queries][keys]. */
  public List<double[][][]> weights() {
    return weights;
  }

  /** The logits after each token, one behind the other. */
  public double[] logits(int[] ids) {
    double[][] x = new double[ids.length][];
    double[] table = model.tensor("model.embed_tokens.weight");
    for (int t = 0; t < ids.length; t++) {
      x[t] = Arrays.copyOfRange(table, ids[t] * HIDDEN, (ids[t] + 1) * HIDDEN);
    }
    keep(x);
    for (int layer = 0; layer < 2; layer++) {
      weights.add(new double[HEADS][ids.length][ids.length]);
      layer(x, "model.layers." + layer + ".");
      keep(x);
    }
    double[] head = model.tensor("lm_head.weight");
    double[] all = new double[ids.length * TinyModel.VOCABULARY];
    for (int t = 0; t < ids.length; t++) {
      double[] y =
          times(
              head.length > 0 ? head : table,
              norm(x[t], 0, HIDDEN, model.tensor("model.norm.weight")));
      System.arraycopy(y, 0, all, t * y.length, y.length);
    }
    return all;
  }

  private void keep(double[][] x) {
    states.add(Arrays.stream(x).map(double[]::clone).toArray(double[][]::new));
  }

  private void layer(double[][] x, String at) {
    double[][] k = new double[x.length][];
    double[][] v = new double[x.length][];
    double[][] mixed = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] h = norm(x[t], 0, HIDDEN, model.tensor(at + "input_layernorm.weight"));
      double[] q = project(at + "self_attn.q_proj", h);
      k[t] = project(at + "self_attn.k_proj", h);
      v[t] = project(at + "self_attn.v_proj", h);
      turn(q, t, model.tensor(at + "self_attn.q_norm.weight"));
      turn(k[t], t, model.tensor(at + "self_attn.k_norm.weight"));
      mixed[t] = attend(q, k, v, t);
    }
    for (int t = 0; t < x.length; t++) {
      add(x[t], times(model.tensor(at + "self_attn.o_proj.weight"), mixed[t]));
      double[] h = norm(x[t], 0, HIDDEN, model.tensor(at + "post_attention_layernorm.weight"));
      double[] gate = times(model.tensor(at + "mlp.gate_proj.weight"), h);
      double[] up = times(model.tensor(at + "mlp.up_proj.weight"), h);
      for (int i = 0; i < gate.length; i++) {
        gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
      }
      add(x[t], times(model.tensor(at + "mlp.down_proj.weight"), gate));
    }
  }

  private double[] project(String name, double[] h) {
    double[] y = times(model.tensor(name + ".weight"), h);
    double[] bias = model.tensor(name + ".bias");
    if (bias.length > 0) {
      add(y, bias);
    }
    return y;
  }

  /** Norms each head, where there is a norm, and rotates it: pairs are HEAD / 2 apart. */
  private void turn(double[] heads, int position, double[] weight) {
    for (int from = 0; from < heads.length; from += HEAD) {
      if (weight.length > 0) {
        System.arraycopy(norm(heads, from, HEAD, weight), 0, heads, from, HEAD);
      }
      for (int m = 0; m < HEAD / 2; m++) {
        double angle = position / stretch * Math.pow(theta, -2.0 * m / HEAD);
        double a = heads[from + m];
        double b = heads[from + m + HEAD / 2];
        heads[from + m] = a * Math.cos(angle) - b * Math.sin(angle);
        heads[from + m + HEAD / 2] = a * Math.sin(angle) + b * Math.cos(angle);
      }
    }
  }

  private double[] attend(double[] q, double[][] k, double[][] v, int t) {
    double[] out = new double[HIDDEN];
    for (int h = 0; h < HEADS; h++) {
      int kv = h / (HEADS / KV_HEADS) * HEAD;
      double[] weights = new double[t + 1];
      double sum = 0;
      for (int j = Math.max(0, t - window + 1); j <= t; j++) {
        double score = 0;
        for (int i = 0; i < HEAD; i++) {
          score += q[h * HEAD + i] * k[j][kv + i];
        }
        weights[j] = Math.exp(score / Math.sqrt(HEAD));
        sum += weights[j];
      }
      for (int j = 0; j <= t; j++) {
        this.weights.getLast()[h][t][j] = weights[j] / sum;
        for (int i = 0; i < HEAD; i++) {
          out[h * HEAD + i] += weights[j] / sum * v[j][kv + i];
        }
      }
    }
    return out;
  }

  private static double[] norm(double[] x, int from, int n, double[] weight) {
    double square = 0;
    for (int i = 0; i < n; i++) {
      square += x[from + i] * x[from + i];
    }
    double[] y = new double[n];
    for (int i = 0; i < n; i++) {
      y[i] = x[from + i] / Math.sqrt(square / n + 1e-5) * weight[i];
    }
    return y;
  }

  private static double[] times(double[] w, double[] x) {
    double[] y = new double[w.length / x.length];
    for (int i = 0; i < w.length; i++) {
      y[i / x.length] += w[i] * x[i % x.length];
    }
    return y;
  }

  private static void add(double[] to, double[] x) {
    for (int i = 0; i < to.length; i++) {
      to[i] += x[i];
    }
  }
}
