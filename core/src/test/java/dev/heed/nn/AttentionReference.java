package dev.heed.nn;

import java.util.Random;

/** Attention from its definition, in F64, one number after the other. */
final class AttentionReference {
  /** What is added to the score of query i and key j. */
  interface Added {
    double at(int batch, int head, int query, int key);
  }

  final int batch;
  final int heads;
  final int kvHeads;
  final int queries;
  final int keys;
  final int keyDim;
  final int valueDim;
  final double[] q;
  final double[] k;
  final double[] v;
  double scale;
  boolean relu;
  Added added = (b, h, i, j) -> 0;
  double[] out;
  double[] weights;

  /** Random inputs, rounded to F32. */
  AttentionReference(
      int batch, int heads, int kvHeads, int queries, int keys, int keyDim, int valueDim) {
    this.batch = batch;
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.queries = queries;
    this.keys = keys;
    this.keyDim = keyDim;
    this.valueDim = valueDim;
    this.scale = 1 / Math.sqrt(keyDim);
    Random random = new Random(7);
    this.q = normal(random, batch * heads * queries * keyDim);
    this.k = normal(random, batch * kvHeads * keys * keyDim);
    this.v = normal(random, batch * kvHeads * keys * valueDim);
  }

  static double[] normal(Random random, int n) {
    return random.doubles(n).map(x -> (float) random.nextGaussian()).toArray();
  }

  /** Fills {@code out} and {@code weights}. */
  AttentionReference compute() {
    out = new double[batch * heads * queries * valueDim];
    weights = new double[batch * heads * queries * keys];
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        for (int i = 0; i < queries; i++) {
          row(b, h, i);
        }
      }
    }
    return this;
  }

  private void row(int b, int h, int i) {
    int query = (b * heads + h) * queries + i;
    int head = b * kvHeads + h / (heads / kvHeads);
    double[] w = new double[keys];
    double sum = 0;
    for (int j = 0; j < keys; j++) {
      double s = 0;
      for (int d = 0; d < keyDim; d++) {
        s += q[query * keyDim + d] * k[(head * keys + j) * keyDim + d];
      }
      s = scale * s + added.at(b, h, i, j);
      w[j] = relu ? Math.max(0, s) : Math.exp(s);
      sum += w[j];
    }
    for (int j = 0; j < keys; j++) {
      w[j] = relu ? w[j] : sum == 0 ? 0 : w[j] / sum;
      weights[query * keys + j] = w[j];
      for (int d = 0; d < valueDim; d++) {
        out[query * valueDim + d] += w[j] * v[(head * keys + j) * valueDim + d];
      }
    }
  }
}
