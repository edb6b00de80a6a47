package dev.heed.cuda;

import static dev.heed.tensor.DType.BF16;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.device.Device;
import dev.heed.op.Bias;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Times of the ops that matter on a GPU, and of a Llama's decode step, on the shapes of
 * bench/peers/gpu-shapes.json. Each is recorded; the time is the median of replays, with the caches
 * cleared before each by a copy.
 */
final class GpuBenchmarks {
  /** A prime: samples lie in every tile of a product. */
  private static final int SAMPLED = 997;

  /** Of normalised mean square error: what rounding two sums of their own order to BF16 gives. */
  private static final double TOLERANCE = 1e-5;

  private final JsonNode shapes;
  private final int repeats;
  private final Map<String, Double> milliseconds;
  private final List<String> failures;
  private final Map<String, float[]> samples = new HashMap<>();

  /**
   * Benchmarks.
   *
   * @param milliseconds takes the results
   * @param failures takes what was computed wrong
   */
  GpuBenchmarks(
      JsonNode shapes, int repeats, Map<String, Double> milliseconds, List<String> failures) {
    this.shapes = shapes;
    this.repeats = repeats;
    this.milliseconds = milliseconds;
    this.failures = failures;
  }

  /** All of them, on a CUDA device as it is by default. */
  void run(Device device) {
    copy(device);
    products(device, "");
    for (JsonNode type : shapes.get("blocks").get("types")) {
      DType t = DType.valueOf(type.asText());
      shapes.get("blocks").get("sizes").forEach(z -> blocks(device, t, ints(z)));
    }
    shapes.get("attention").forEach(s -> attention(device, "attention", ints(s)));
    shapes.get("decodeAttention").forEach(s -> attention(device, "decodeAttention", ints(s)));
    llamas(device, "");
  }

  /** Products, and a Llama, with what is off by default: their names end in {@code [how]}. */
  void runAgain(Device device, String how) {
    products(device, " [" + how + "]");
    llamas(device, " [" + how + "]");
  }

  private void time(String name, BenchmarkCase c, List<Op> ops) {
    milliseconds.put(name, c.time(ops, repeats));
  }

  private void llamas(Device device, String how) {
    int prompt = shapes.get("llama").get("context").asInt();
    llama(device, "llama prefill " + prompt + how, prompt);
    llama(device, "llama decode" + how, 1);
  }

  /** Random weights tell the time; what they give must at least be numbers. */
  private void llama(Device device, String name, int tokens) {
    try (BenchmarkCase c = new BenchmarkCase(device)) {
      LlamaStep step = new LlamaStep(c, shapes.get("llama"), tokens);
      time(name, c, step.ops());
      for (float logit : c.sample(step.logits(), 1)) {
        if (!Float.isFinite(logit)) {
          failures.add(name + ": logits that are no finite numbers");
          return;
        }
      }
    }
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private void copy(Device device) {
    try (BenchmarkCase c = new BenchmarkCase(device)) {
      long bytes = shapes.get("copyBytes").asLong();
      Tensor from = c.normal(BF16, bytes / 2);
      time("copy " + bytes, c, List.of(new Op.Copy(c.tensor(BF16, bytes / 2), from)));
    }
  }

  private void products(Device device, String how) {
    for (String kind : List.of("matmul", "matvec")) {
      shapes.get(kind).forEach(s -> product(device, kind, ints(s), how));
    }
  }

  private void product(Device device, String kind, int[] s, String how) {
    try (BenchmarkCase c = new BenchmarkCase(device)) {
      Tensor w = c.weight(BF16, s[1], s[2]);
      Tensor x = c.normal(BF16, s[0], s[2]);
      Tensor out = c.tensor(BF16, s[0], s[1]);
      String name = "%s %dx%dx%d".formatted(kind, s[0], s[1], s[2]);
      time(name + how, c, List.of(new Op.MatMul(out, x, w, true)));
      compare(name, how, c.sample(out, SAMPLED));
    }
  }

  /** The same product twice, by two kernels. */
  private void compare(String name, String how, float[] sample) {
    float[] first = samples.computeIfAbsent(name, n -> sample);
    double error = 0;
    double norm = 0;
    for (int i = 0; i < sample.length; i++) {
      error += Math.pow(sample[i] - (double) first[i], 2);
      norm += Math.pow(first[i], 2);
    }
    if (!(error <= TOLERANCE * norm)) {
      failures.add(
          "%s%s: differs by %.1e from the same by default".formatted(name, how, error / norm));
    }
  }

  private void blocks(Device device, DType type, int[] s) {
    try (BenchmarkCase c = new BenchmarkCase(device)) {
      Tensor x = c.normal(BF16, s[0], s[2]);
      Op op = new Op.MatMul(c.tensor(BF16, s[0], s[1]), x, c.weight(type, s[1], s[2]), true);
      String kind = s[0] == 1 ? "matvec" : "matmul";
      time("%s %dx%dx%d %s".formatted(kind, s[0], s[1], s[2], type), c, List.of(op));
    }
  }

  private void attention(Device device, String kind, int[] s) {
    int queries = kind.equals("attention") ? s[1] : 1;
    try (BenchmarkCase c = new BenchmarkCase(device)) {
      int[] offsets = new int[s[0] + 1];
      Arrays.setAll(offsets, b -> b * queries);
      int[] starts = new int[s[0]];
      Arrays.fill(starts, s[1] - queries);
      Sequences seq = new Sequences(c.ints(offsets), c.ints(starts), queries, s[1]);
      long tokens = (long) s[0] * queries;
      Op op =
          new Op.Attention(
              c.tensor(BF16, tokens, s[2], s[4]),
              c.normal(BF16, tokens, s[2], s[4]),
              c.pages(s[0], s[1], s[3], s[4]),
              seq,
              (float) (1 / Math.sqrt(s[4])),
              true,
              0,
              0,
              Bias.NONE,
              Normalizer.SOFTMAX,
              Optional.empty(),
              Optional.empty());
      String name = "%s %dx%d heads %d/%d size %d".formatted(kind, s[0], s[1], s[2], s[3], s[4]);
      time(name, c, List.of(op));
    }
  }
}
