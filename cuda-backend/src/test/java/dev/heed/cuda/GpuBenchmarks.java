package dev.heed.cuda;

import static dev.heed.tensor.DType.BF16;
import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.HostWeight;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Times of the ops that matter on a GPU, and of a Llama's decode step, on the shapes of
 * bench/peers/gpu-shapes.json. Each is recorded; the time is the median of replays, with the caches
 * cleared before each by a copy.
 */
final class GpuBenchmarks {
  private static final long BLOCK = 8 << 20;
  private static final int PAGE = 16;

  private final Device device;
  private final JsonNode shapes;
  private final Map<String, Double> milliseconds;
  private final List<String> failures;
  private final int repeats;
  private final MemorySegment random = normal();

  /**
   * Benchmarks on a device.
   *
   * @param milliseconds takes the results
   * @param failures takes what was computed wrong
   */
  GpuBenchmarks(
      Device device,
      JsonNode shapes,
      int repeats,
      Map<String, Double> milliseconds,
      List<String> failures) {
    this.device = device;
    this.shapes = shapes;
    this.repeats = repeats;
    this.milliseconds = milliseconds;
    this.failures = failures;
  }

  /** N(0, 1) in BF16. */
  private static MemorySegment normal() {
    MemorySegment all = Arena.ofAuto().allocate(BLOCK, 64);
    Random random = new Random(1);
    for (long i = 0; i < BLOCK / 2; i++) {
      short value = Quants.floatToBFloat16((float) random.nextGaussian());
      all.setAtIndex(ValueLayout.JAVA_SHORT, i, value);
    }
    return all;
  }

  /** Runs all. */
  void run() {
    copy();
    for (String kind : List.of("matmul", "matvec")) {
      shapes.get(kind).forEach(s -> product(kind, ints(s)));
    }
    for (JsonNode type : shapes.get("blocks").get("types")) {
      shapes.get("blocks").get("sizes").forEach(z -> blocks(DType.valueOf(type.asText()), ints(z)));
    }
    shapes.get("attention").forEach(s -> attention("attention", ints(s)));
    shapes.get("decodeAttention").forEach(s -> attention("decodeAttention", ints(s)));
    int prompt = shapes.get("llama").get("context").asInt();
    llama("llama prefill " + prompt, prompt);
    llama("llama decode", 1);
  }

  /** Random weights tell the time; what they give must at least be numbers. */
  private void llama(String name, int tokens) {
    try (Case c = new Case()) {
      LlamaStep step = new LlamaStep(c, shapes.get("llama"), tokens);
      c.time(name, step.ops());
      if (!c.isFinite(step.logits())) {
        failures.add(name + ": logits that are no finite numbers");
      }
    }
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private void copy() {
    try (Case c = new Case()) {
      long bytes = shapes.get("copyBytes").asLong();
      Tensor from = c.normal(BF16, bytes / 2);
      c.time("copy " + bytes, List.of(new Op.Copy(c.tensor(BF16, bytes / 2), from)));
    }
  }

  private void product(String kind, int[] s) {
    try (Case c = new Case()) {
      Tensor w = c.weight(BF16, s[1], s[2]);
      Tensor x = c.normal(BF16, s[0], s[2]);
      Op op = new Op.MatMul(c.tensor(BF16, s[0], s[1]), x, w, true);
      c.time("%s %dx%dx%d".formatted(kind, s[0], s[1], s[2]), List.of(op));
    }
  }

  private void blocks(DType type, int[] s) {
    try (Case c = new Case()) {
      Tensor x = c.normal(BF16, s[0], s[2]);
      Op op = new Op.MatMul(c.tensor(BF16, s[0], s[1]), x, c.weight(type, s[1], s[2]), true);
      String kind = s[0] == 1 ? "matvec" : "matmul";
      c.time("%s %dx%dx%d %s".formatted(kind, s[0], s[1], s[2], type), List.of(op));
    }
  }

  private void attention(String kind, int[] s) {
    boolean prefill = kind.equals("attention");
    try (Case c = new Case()) {
      int queries = prefill ? s[1] : 1;
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
      c.time(name, List.of(op));
    }
  }

  /** One benchmark's memory and queue. */
  final class Case implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final CommandQueue staging = device.openQueue(0, arena);

    Tensor tensor(DType type, long... dims) {
      Shape shape = Shape.of(dims);
      long bytes = type.bytes(shape.elements());
      return Tensor.of(device.allocate(bytes, Usage.STATE, arena), 0, shape, type);
    }

    /** N(0, 1) in a 16-bit type, or in F32 bytes that are some such numbers. */
    Tensor normal(DType type, long... dims) {
      Tensor t = tensor(type, dims);
      Tensor flat = t.reshape(t.shape().elements());
      long chunk = BLOCK / type.blockBytes();
      for (long at = 0; at < t.shape().elements(); at += chunk) {
        Tensor rows = flat.rows(at, Math.min(chunk, t.shape().elements() - at));
        staging.upload(random.asSlice(0, rows.byteSize()), rows);
      }
      staging.synchronize();
      return t;
    }

    Tensor filled(float value, long... dims) {
      Tensor t = tensor(F32, dims);
      staging.execute(new Op.Fill(t, value));
      staging.synchronize();
      return t;
    }

    Tensor ints(int... values) {
      Tensor t = tensor(I32, values.length);
      staging.upload(arena.allocateFrom(ValueLayout.JAVA_INT, values), t);
      staging.synchronize();
      return t;
    }

    /** A packed weight [n, k], made of the same numbers over and over. */
    Tensor weight(DType type, long n, long k) {
      long rowBytes = type.bytes(k);
      long rows = Math.min(n, BLOCK / rowBytes);
      MemorySegment data = type.isBlock() ? blocks(type, rows * rowBytes) : random;
      List<MemorySegment> parts = new ArrayList<>();
      for (long at = 0; at < n; at += rows) {
        parts.add(data.asSlice(0, Math.min(rows, n - at) * rowBytes));
      }
      Tensor w =
          device.pack(
              new HostWeight("w", parts, Shape.of(n, k), type, false, Use.MATRIX), staging, arena);
      staging.synchronize();
      return w;
    }

    /** Random quants behind small scales, two at a block's begin. */
    private MemorySegment blocks(DType type, long bytes) {
      MemorySegment all = arena.allocate(bytes, 64);
      Random numbers = new Random(2);
      for (long i = 0; i < bytes; i++) {
        all.set(ValueLayout.JAVA_BYTE, i, (byte) numbers.nextInt());
      }
      int scales = type == DType.Q4_K ? 2 : 1;
      for (long at = 0; at < bytes; at += type.blockBytes()) {
        for (int i = 0; i < scales; i++) {
          short scale = Float.floatToFloat16(0.01f * (1 + numbers.nextFloat()));
          all.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2 * i, scale);
        }
      }
      return all;
    }

    /** A full BF16 cache of sequences, its pages in order. */
    KeyValues.Paged pages(int sequences, int keys, int heads, int size) {
      int blocks = (keys + PAGE - 1) / PAGE;
      int[] table = new int[sequences * blocks];
      Arrays.setAll(table, i -> i);
      int[] lengths = new int[sequences];
      Arrays.fill(lengths, keys);
      return new KeyValues.Paged(
          normal(BF16, (long) sequences * blocks, PAGE, heads, size),
          normal(BF16, (long) sequences * blocks, PAGE, heads, size),
          ints(table).reshape(sequences, blocks),
          ints(lengths));
    }

    /** Whether all of an F32 tensor are finite numbers. */
    boolean isFinite(Tensor f32) {
      MemorySegment host = arena.allocate(f32.byteSize(), Float.BYTES);
      staging.download(f32, host);
      staging.synchronize();
      for (float value : host.toArray(ValueLayout.JAVA_FLOAT)) {
        if (!Float.isFinite(value)) {
          return false;
        }
      }
      return true;
    }

    void time(String name, List<Op> ops) {
      long scratch = ops.stream().mapToLong(device::scratchBytes).max().orElse(0);
      Tensor cold = tensor(DType.I8, repeats > 5 ? 256 << 20 : 4096);
      try (CommandQueue queue = device.openQueue(scratch, arena);
          Recording recording = queue.record(ops)) {
        double[] times = new double[repeats];
        for (int i = -3; i < repeats; i++) {
          queue.execute(new Op.Fill(cold, 0));
          queue.synchronize();
          long start = System.nanoTime();
          recording.replay();
          queue.synchronize();
          times[Math.max(0, i)] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(times);
        milliseconds.put(name, times[repeats / 2]);
      }
    }

    @Override
    public void close() {
      staging.close();
      arena.close();
    }
  }
}
