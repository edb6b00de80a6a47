package dev.heed.cuda;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.tensor.DType;
import java.io.PrintStream;
import java.util.Map;

/** Heed's times beside PyTorch's: for attention its fastest backend. */
final class BenchTable {
  private final Map<String, Double> ours;
  private final JsonNode peers;

  /**
   * A table.
   *
   * @param ours milliseconds by case
   * @param peers {@code version} and {@code ms}, or {@code skipped} and why
   */
  BenchTable(Map<String, Double> ours, JsonNode peers) {
    this.ours = ours;
    this.peers = peers;
  }

  void print(PrintStream out) {
    out.printf("   %-44s %10s %10s %7s %s%n", "", "Heed ms", "PyTorch ms", "ratio", "Heed");
    ours.forEach(
        (name, ms) -> {
          String work = name.replaceFirst(" \\[.*", ""); // done in another way
          double peer = peer(work);
          out.printf(
              "   %-44s %10.3f %10s %7s %s%n",
              name,
              ms,
              peer < 0 ? "-" : "%.3f".formatted(peer),
              peer < 0 ? "-" : "%.2f".formatted(peer / ms),
              rate(work, ms));
        });
    JsonNode version = peers.has("version") ? peers.get("version") : peers.get("skipped");
    out.printf("   beside: %s%n", version.asText());
  }

  /** The peer's milliseconds, its fastest where it has several ways; negative if there are none. */
  private double peer(String name) {
    double best = -1;
    JsonNode all = peers.path("ms");
    for (Map.Entry<String, JsonNode> e : all.properties()) {
      boolean same = e.getKey().equals(name) || e.getKey().startsWith(name + " [");
      double ms = e.getValue().asDouble();
      if (same && (best < 0 || ms < best)) {
        best = ms;
      }
    }
    return best;
  }

  /** GB/s of copies and matrix-vector products, TFLOP/s of products, tokens/s of a model. */
  private static String rate(String name, double ms) {
    String[] words = name.split(" ");
    if (words[0].equals("copy")) {
      return "%.0f GB/s".formatted(2 * Double.parseDouble(words[1]) / ms / 1e6);
    }
    if (words[0].startsWith("mat")) {
      String[] s = words[1].split("x");
      double m = Double.parseDouble(s[0]);
      double nk = Double.parseDouble(s[1]) * Double.parseDouble(s[2]);
      DType weights = words.length > 2 ? DType.valueOf(words[2]) : DType.BF16;
      return words[0].equals("matvec")
          ? "%.0f GB/s".formatted(weights.bytes((long) nk) / ms / 1e6)
          : "%.1f TFLOP/s".formatted(2 * m * nk / ms / 1e9);
    }
    if (words[0].equals("llama")) {
      double tokens = words.length > 2 ? Double.parseDouble(words[2]) : 1;
      return "%.1f tokens/s".formatted(1e3 * tokens / ms);
    }
    return "";
  }
}
