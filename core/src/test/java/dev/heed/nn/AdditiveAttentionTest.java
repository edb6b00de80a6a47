package dev.heed.nn;

import static dev.heed.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.OnDevice;
import dev.heed.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Additive attention against its equation in F64. */
class AdditiveAttentionTest {
  private static final int BATCH = 2;
  private static final int QUERIES = 3;
  private static final int KEYS = 5;
  private static final int QUERY_DIM = 6;
  private static final int KEY_DIM = 10;
  private static final int VALUE_DIM = 7;
  private static final int HIDDEN = 9;

  private final Random random = new Random(11);
  private final double[] q = normal(BATCH * QUERIES * QUERY_DIM);
  private final double[] k = normal(BATCH * KEYS * KEY_DIM);
  private final double[] v = normal(BATCH * KEYS * VALUE_DIM);
  private final double[] w = normal(HIDDEN * QUERY_DIM);
  private final double[] u = normal(HIDDEN * KEY_DIM);
  private final double[] score = normal(HIDDEN);

  private double[] normal(int n) {
    return AttentionReference.normal(random, n);
  }

  @Test
  void attends() {
    check(new double[BATCH * KEYS]);
  }

  @Test
  void hidesPaddingAndGivesZerosWhereAllIsHidden() {
    double[] mask = new double[BATCH * KEYS];
    mask[4] = Double.NEGATIVE_INFINITY;
    Arrays.fill(mask, KEYS, 2 * KEYS, Double.NEGATIVE_INFINITY);
    double[] out = check(mask);
    assertTrue(Arrays.stream(out, QUERIES * VALUE_DIM, out.length).allMatch(x -> x == 0), "zeros");
  }

  /** Checks with a mask [BATCH, 1, KEYS] and gives the output. */
  private double[] check(double[] mask) {
    double[] weights = new double[BATCH * QUERIES * KEYS];
    double[] out = new double[BATCH * QUERIES * VALUE_DIM];
    compute(mask, weights, out);
    try (OnDevice on = new OnDevice()) {
      AdditiveAttention attention =
          new AdditiveAttention(
              linear(on, w, HIDDEN, QUERY_DIM),
              linear(on, u, HIDDEN, KEY_DIM),
              linear(on, score, 1, HIDDEN));
      Attended got =
          attention.attend(
              on.ops(),
              on.workspace(),
              on.floats(q, BATCH, QUERIES, QUERY_DIM),
              on.floats(k, BATCH, KEYS, KEY_DIM),
              on.floats(v, BATCH, KEYS, VALUE_DIM),
              Optional.of(on.floats(mask, BATCH, 1, KEYS)));
      assertClose(weights, on.values(got.weights()), 1e-6);
      assertClose(out, on.values(got.output()), 1e-6);
      return on.values(got.output());
    }
  }

  /** The equation, row by row. */
  private void compute(double[] mask, double[] weights, double[] out) {
    for (int row = 0; row < BATCH * QUERIES; row++) {
      int b = row / QUERIES;
      double sum = 0;
      for (int j = 0; j < KEYS; j++) {
        double s = mask[b * KEYS + j];
        for (int a = 0; a < HIDDEN; a++) {
          s +=
              score[a]
                  * Math.tanh(dot(w, a, q, row, QUERY_DIM) + dot(u, a, k, b * KEYS + j, KEY_DIM));
        }
        weights[row * KEYS + j] = Math.exp(s);
        sum += weights[row * KEYS + j];
      }
      for (int j = 0; j < KEYS; j++) {
        weights[row * KEYS + j] /= sum == 0 ? 1 : sum;
        for (int d = 0; d < VALUE_DIM; d++) {
          out[row * VALUE_DIM + d] += weights[row * KEYS + j] * v[(b * KEYS + j) * VALUE_DIM + d];
        }
      }
    }
  }

  private static double dot(double[] a, int row, double[] b, int other, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += a[row * n + i] * b[other * n + i];
    }
    return sum;
  }

  private static Linear linear(OnDevice on, double[] values, long outputs, long inputs) {
    Tensor weight = on.floats(values, outputs, inputs);
    return new Linear(List.of(new Linear.Part(weight, Optional.empty())));
  }
}
