package dev.heed.examples;

import dev.heed.AttentionMap;
import dev.heed.TextEncoder;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Heads learn to look for different things, and nobody told them what. For some relations between
 * tokens: the head of MiniLM that gives them most of its weight, and how much.
 */
final class ManyHeads extends Example {
  public static void main(String[] args) {
    main(new ManyHeads());
  }

  @Override
  void run() {
    String text = "The bank by the river is not the bank that keeps the money.";
    try (Device device = Devices.best();
        TextEncoder encoder = miniLm(device);
        AttentionMap map = encoder.attention(text)) {
      var words = map.keys();
      print("\"%s\"", text);
      show("the token before", map, (q, k) -> k == q - 1);
      show("the token behind", map, (q, k) -> k == q + 1);
      show("[CLS] and [SEP]", map, (q, k) -> k == 0 || k == words.size() - 1);
      show("the same word elsewhere", map, (q, k) -> k != q && words.get(k).equals(words.get(q)));
    }
  }

  /** Whether a query and a key, two places in a text, are related. */
  interface Relation {
    boolean holds(int query, int key);
  }

  private void show(String name, AttentionMap map, Relation relation) {
    var heads = IntStream.range(0, map.layers() * map.heads()).boxed();
    int best = heads.max(Comparator.comparing(h -> share(map, h, relation))).orElseThrow();
    int layer = best / map.heads();
    int head = best % map.heads();
    print("%-24s layer %d, head %2d: %.2f", name, layer, head, share(map, best, relation));
  }

  /** A head's weight on related keys, averaged over the queries that have any. */
  static double share(AttentionMap map, int h, Relation relation) {
    double[] sums = new double[map.queries().size()];
    for (int q = 0; q < sums.length; q++) {
      float[] weights = map.weights(h / map.heads(), h % map.heads(), q);
      for (int k = 0; k < weights.length; k++) {
        sums[q] += relation.holds(q, k) ? weights[k] : 0;
      }
    }
    return Arrays.stream(sums).filter(sum -> sum > 0).average().orElse(0);
  }
}
