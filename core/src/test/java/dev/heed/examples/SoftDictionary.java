package dev.heed.examples;

import dev.heed.TextEncoder;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import java.util.Arrays;
import java.util.List;

/**
 * Attention is a dictionary that one may ask for a word it does not have. Each entry answers, the
 * louder the better its key fits the query: softmax(query · keys) · values.
 */
final class SoftDictionary extends Example {
  private static final List<String> KEYS = List.of("apple", "banana", "chair");
  private static final double[] VALUES = {10, 5, 2};

  /** Cosines of real vectors are close together; a factor pulls their weights apart. */
  private static final double SHARPNESS = 6;

  public static void main(String[] args) {
    main(new SoftDictionary());
  }

  @Override
  void run() {
    print("A dictionary: %s have the values %s.", KEYS, Arrays.toString(VALUES));
    double[] given = {0.6, 0.4, 0};
    print("Asked with weights %s: %.1f", Arrays.toString(given), lookUp(given));
    try (Device device = Devices.best();
        TextEncoder encoder = miniLm(device)) {
      for (String query : List.of("apple", "fruit", "furniture")) {
        double[] weights = softmax(scores(encoder, query));
        print("Asked for %-9s  weights %s: %.1f", query, rounded(weights), lookUp(weights));
      }
    }
  }

  static double lookUp(double[] weights) {
    double sum = 0;
    for (int i = 0; i < VALUES.length; i++) {
      sum += weights[i] * VALUES[i];
    }
    return sum;
  }

  private static double[] scores(TextEncoder encoder, String query) {
    float[] q = encoder.embed(query);
    return KEYS.stream().mapToDouble(k -> SHARPNESS * cosine(q, encoder.embed(k))).toArray();
  }

  private static double[] softmax(double[] scores) {
    double sum = Arrays.stream(scores).map(Math::exp).sum();
    return Arrays.stream(scores).map(s -> Math.exp(s) / sum).toArray();
  }

  private static List<String> rounded(double[] weights) {
    return Arrays.stream(weights).mapToObj(w -> "%.2f".formatted(w)).toList();
  }
}
