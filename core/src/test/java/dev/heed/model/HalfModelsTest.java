package dev.heed.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.AttentionMap;
import dev.heed.CausalLm;
import dev.heed.LoadOptions;
import dev.heed.OnDevice;
import dev.heed.Sampling;
import dev.heed.Shared;
import dev.heed.TestDevice;
import dev.heed.TextEncoder;
import dev.heed.checkpoint.Checkpoint;
import dev.heed.device.Device;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whole models that compute in 16 bits against other software's float64, on devices that do so:
 * {@link HalfBounds}.
 */
class HalfModelsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static Device device;

  @BeforeAll
  static void open() {
    device = TestDevice.open();
  }

  @AfterAll
  static void close() {
    device.close();
  }

  private static LoadOptions in(DType type) {
    assumeTrue(
        device.info().computeTypes().contains(type),
        () -> device.info().id() + " does not compute in " + type);
    return LoadOptions.defaults().compute(type);
  }

  private static JsonNode golden(String path) throws IOException {
    return JSON.readTree(Shared.require(path).toFile());
  }

  private static double[] doubles(JsonNode array) {
    return array.valueStream().mapToDouble(JsonNode::asDouble).toArray();
  }

  private static double[] row(CausalLm lm, MemorySegment logits, int position) {
    double[] row = new double[lm.vocabularySize()];
    long from = (long) position * row.length;
    Arrays.setAll(row, i -> logits.getAtIndex(ValueLayout.JAVA_FLOAT, from + i));
    return row;
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void stories(DType type) throws IOException {
    LoadOptions options = in(type);
    JsonNode golden = golden("models/stories260K/golden.json");
    HalfBounds bounds = HalfBounds.of("stories260K", type);
    Path path = Shared.require("models/stories260K");
    try (Arena arena = Arena.ofConfined();
        CausalLm lm = CausalLm.load(path, device, options)) {
      assertEquals(type, lm.compute());
      MemorySegment logits = lm.logits(bounds.ids(), arena);
      for (int position : new int[] {0, 99, 199}) {
        double[] want = doubles(golden.get("logits_pos" + position));
        bounds.requireClose("nmse", row(lm, logits, position), want);
      }
      int[] first = {bounds.ids()[0]};
      Sampling greedy = Sampling.greedy().maxTokens(100);
      bounds.requireGreedy(lm.generate(first, greedy, t -> {}, () -> false).tokens());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void gpt2(DType type) throws IOException {
    LoadOptions options = in(type);
    HalfBounds bounds = HalfBounds.of("tiny-gpt2", type);
    int[] ids = bounds.ids();
    String key = String.join(",", Arrays.stream(ids).mapToObj(Integer::toString).toList());
    JsonNode rows = golden("models/tiny-gpt2/golden.json").get("numpy_float64_logits_last_row");
    try (Arena arena = Arena.ofConfined();
        CausalLm lm = CausalLm.load(Shared.require("models/tiny-gpt2"), device, options)) {
      double[] last = row(lm, lm.logits(ids, arena), ids.length - 1);
      bounds.requireClose("nmse", last, doubles(rows.get(key)));
    }
  }

  /** All within llama.cpp's own distance from float64, which rounds activations too. */
  @ParameterizedTest
  @CsvSource({"F16, Q8_0", "BF16, Q8_0", "BF16, Q4_K_M", "BF16, F16"})
  void quantisedWeights(DType type, String file) throws IOException {
    LoadOptions options = in(type);
    Path folder = Shared.require("models/llama-4M");
    double[] want = GoldenModelsTest.logits(folder, "llama-4M-" + file + ".exact.logits");
    Path path = folder.resolve("llama-4M-" + file + ".gguf");
    try (Arena arena = Arena.ofConfined();
        CausalLm lm = CausalLm.load(path, device, options)) {
      float[] got = lm.logits(GoldenModelsTest.LLAMA_4M_IDS, arena).toArray(ValueLayout.JAVA_FLOAT);
      double nmse = GoldenModelsTest.nmse(got, want);
      assertTrue(nmse <= 3e-3, file + " in " + type + ": NMSE " + nmse);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void miniLm(DType type) throws IOException {
    LoadOptions options = in(type);
    double least = HalfBounds.of("all-MiniLM-L6-v2", type).limit("cosine");
    List<String> texts = new ArrayList<>();
    List<double[]> expected = new ArrayList<>();
    for (JsonNode c : golden("golden/minilm.json")) {
      texts.add(c.get("text").asText());
      expected.add(doubles(c.get("embedding")));
    }
    Path path = Shared.require("models/all-MiniLM-L6-v2");
    try (TextEncoder encoder = TextEncoder.load(path, device, options)) {
      float[][] together = encoder.embed(texts);
      for (int i = 0; i < texts.size(); i++) {
        double dot = 0;
        for (int j = 0; j < encoder.dimension(); j++) {
          dot += together[i][j] * expected.get(i)[j];
        }
        assertTrue(dot >= least, texts.get(i) + " in " + type + ": cosine " + dot);
      }
      assertArrayEquals(together[0], encoder.embed(texts.getFirst()), "alone as in a batch");
    }
  }

  /** Random models of width 8 and 12. */
  @ParameterizedTest
  @CsvSource({
    "BF16, bart",
    "BF16, marian",
    "BF16, mbart",
    "BF16, t5-v1.0",
    "BF16, t5-v1.1",
    "BF16, transformer-paper",
    "BF16, transformer-opennmt",
    "F16, bart",
    "F16, t5-v1.1",
    "F16, transformer-paper"
  })
  void encoderDecoders(DType type, String name) throws Exception {
    in(type);
    HalfBounds bounds = HalfBounds.of(name, type);
    Path folder = Seq2SeqReferenceTest.folder(name);
    List<JsonNode> golden = Seq2SeqReferenceTest.cases(folder);
    List<int[]> sources = ids(golden, "source");
    List<int[]> targets = ids(golden, "target");
    double[] memory = Seq2SeqReferenceTest.all(golden, "memory");
    double[] logits = Seq2SeqReferenceTest.all(golden, "logits");
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        OnDevice on = new OnDevice(type)) {
      Config config = ModelFiles.config(folder, checkpoint);
      EncoderDecoderModel model = ModelFiles.encoderDecoder(config, on.loader(checkpoint), 16);
      ForcedDecoding run = new ForcedDecoding(on, on.ops(), model, sources);
      double[] together = Seq2SeqReferenceTest.flat(run.logits(targets));
      bounds.requireClose("memory", run.memory(), memory, 2);
      bounds.requireClose("logits", together, logits, 2);
      double[] single = Seq2SeqReferenceTest.flat(run.logitsOneByOne(targets));
      bounds.requireClose("logits", single, logits, 2);
    }
  }

  private static List<int[]> ids(List<JsonNode> cases, String key) {
    return cases.stream().map(c -> Seq2SeqReferenceTest.ints(c.get(key))).toList();
  }

  /** Caches take half of the memory; weights of attention are F32 and sum to 1. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16"})
  void cachesAndMaps(DType type) throws IOException {
    LoadOptions options = in(type);
    Path path = Shared.require("models/stories260K");
    long wide;
    try (CausalLm lm = CausalLm.load(path, device, LoadOptions.defaults().compute(DType.F32))) {
      wide = lm.memory().state();
    }
    try (CausalLm lm = CausalLm.load(path, device, options);
        AttentionMap map = lm.attention(new int[] {1, 403, 407, 261})) {
      assertTrue(lm.memory().state() < 0.6 * wide, lm.memory() + " of " + wide);
      for (int layer = 0; layer < map.layers(); layer++) {
        double sum = 0;
        for (float weight : map.weights(layer, 0, 3)) {
          sum += weight;
        }
        assertEquals(1, sum, 1e-6);
      }
    }
  }
}
