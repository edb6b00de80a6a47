package dev.heed.examples;

import dev.heed.TextEncoder;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Layer norm takes mean and variance of one token's own vector, batch norm of one element over
 * everybody in the batch. So a Transformer gives a sentence the same bits whatever is computed
 * beside it; with batch norm a sentence's vector would depend on its neighbours.
 */
final class LayerNormNotBatchNorm extends Example {
  private static final String TEXT = "The same sentence.";

  public static void main(String[] args) {
    main(new LayerNormNotBatchNorm());
  }

  @Override
  void run() {
    try (Device device = Devices.best();
        TextEncoder encoder = miniLm(device)) {
      print("\"%s\", its first numbers", TEXT);
      float[] alone = encoder.embed(TEXT);
      for (int others : new int[] {1, 7, 63}) {
        float[][] batch = encoder.embed(batch(others));
        String same = Arrays.equals(alone, batch[0]) ? "every bit as alone" : "not as alone";
        print("beside %2d, layer norm: %s   %s", others, first(batch[0]), same);
        print("beside %2d, batch norm: %s", others, first(batchNorm(batch)));
      }
    }
  }

  static List<String> batch(int others) {
    var rest = IntStream.range(0, others).mapToObj(i -> "Another one" + ", longer".repeat(i));
    return Stream.concat(Stream.of(TEXT), rest).toList();
  }

  /** The first vector: each element less its mean over the batch, divided by its deviation. */
  static float[] batchNorm(float[][] batch) {
    float[] normed = new float[batch[0].length];
    for (int i = 0; i < normed.length; i++) {
      int element = i;
      double[] column = Arrays.stream(batch).mapToDouble(v -> v[element]).toArray();
      double mean = Arrays.stream(column).average().orElseThrow();
      double square = Arrays.stream(column).map(x -> x * x).average().orElseThrow();
      normed[i] = (float) ((column[0] - mean) / Math.sqrt(square - mean * mean + 1e-5));
    }
    return normed;
  }

  private static String first(float[] v) {
    return "%6.3f %6.3f %6.3f".formatted(v[0], v[1], v[2]);
  }
}
