package dev.heed.examples;

import dev.heed.OnDevice;
import dev.heed.nn.DenseAttention;
import dev.heed.nn.ScaledDotProductAttention;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Why scores are divided by sqrt(d_k) (Vaswani et al. 2017, section 3.2.1, footnote 4). The product
 * of two vectors of d_k independent numbers of variance 1 has variance d_k. Unscaled, the largest
 * of 64 scores soon takes everything: softmax has no entropy left, and no gradient.
 */
final class WhySqrtDk extends Example {
  private static final int N = 64; // queries, and keys

  public static void main(String[] args) {
    main(new WhySqrtDk());
  }

  @Override
  void run() {
    print("          variance of scores     entropy of weights, at most 6 bits");
    print(" d_k      plain     scaled       plain     scaled");
    for (int dim = 4; dim <= 1024; dim *= 4) {
      double[] q = new Random(dim).doubles(N * dim, -Math.sqrt(3), Math.sqrt(3)).toArray();
      double[] k = new Random(-dim).doubles(N * dim, -Math.sqrt(3), Math.sqrt(3)).toArray();
      var scaled = ScaledDotProductAttention.of(dim);
      double sharp = entropy(q, k, dim, scaled.withScale(1));
      double soft = entropy(q, k, dim, scaled);
      double variance = variance(q, k, dim);
      print("%4d %10.2f %10.2f %11.2f %10.2f", dim, variance, variance / dim, sharp, soft);
    }
  }

  static double variance(double[] q, double[] k, int dim) {
    return IntStream.range(0, N * N)
        .mapToDouble(pair -> dot(q, pair / N * dim, k, pair % N * dim, dim))
        .map(score -> score * score)
        .average()
        .orElseThrow();
  }

  private static double dot(double[] a, int atA, double[] b, int atB, int n) {
    return IntStream.range(0, n).mapToDouble(i -> a[atA + i] * b[atB + i]).sum();
  }

  static double entropy(double[] q, double[] k, int dim, ScaledDotProductAttention attention) {
    try (OnDevice on = new OnDevice()) {
      var x = on.floats(q, 1, 1, N, dim);
      var y = on.floats(k, 1, 1, N, dim);
      var got = new DenseAttention(attention).attendWithWeights(on.ops(), on.workspace(), x, y, y);
      var weights = Arrays.stream(on.values(got.weights())).filter(w -> w > 0);
      return weights.map(w -> -w * Math.log(w) / Math.log(2)).sum() / N;
    }
  }
}
