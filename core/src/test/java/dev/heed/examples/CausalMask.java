package dev.heed.examples;

import dev.heed.OnDevice;
import dev.heed.nn.Attended;
import dev.heed.nn.DenseAttention;
import dev.heed.nn.ScaledDotProductAttention;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Who writes from left to right must not look ahead. With the causal mask a token sees itself and
 * what came before; so the future can change as it likes, and the past stays as it was.
 */
final class CausalMask extends Example {
  private static final int DIM = 8;

  public static void main(String[] args) {
    main(new CausalMask());
  }

  @Override
  void run() {
    try (OnDevice on = new OnDevice()) {
      Seen you = attend(on, List.of("I", "like", "you"));
      Seen tea = attend(on, List.of("I", "like", "tea"));
      print("Weights:   I     like  you");
      for (int q = 0; q < 3; q++) {
        print("%-8s %5.2f %5.2f %5.2f", you.words().get(q), you.w(q, 0), you.w(q, 1), you.w(q, 2));
      }
      for (int q = 0; q < 3; q++) {
        boolean same = Arrays.equals(you.row(q), tea.row(q));
        print("%-4s with \"tea\" for \"you\": %s", you.words().get(q), same ? "same" : "differs");
      }
    }
  }

  /** What each of the words took in. */
  record Seen(List<String> words, double[] weights, double[] mixed) {
    double w(int query, int key) {
      return weights[query * words.size() + key];
    }

    double[] row(int query) {
      return Arrays.copyOfRange(mixed, query * DIM, (query + 1) * DIM);
    }
  }

  static Seen attend(OnDevice on, List<String> words) {
    double[] x =
        words.stream().flatMapToDouble(w -> new Random(w.hashCode()).doubles(DIM, -2, 2)).toArray();
    var tensor = on.floats(x, 1, 1, words.size(), DIM);
    Attended got =
        new DenseAttention(ScaledDotProductAttention.of(DIM).withCausal())
            .attendWithWeights(on.ops(), on.workspace(), tensor, tensor, tensor);
    return new Seen(words, on.values(got.weights()), on.values(got.output()));
  }
}
