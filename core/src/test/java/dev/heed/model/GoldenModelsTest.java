package dev.heed.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.CausalLm;
import dev.heed.Generation;
import dev.heed.LoadOptions;
import dev.heed.Sampling;
import dev.heed.Shared;
import dev.heed.TestDevice;
import dev.heed.TextEncoder;
import dev.heed.device.Device;
import dev.heed.generate.BeamOptions;
import dev.heed.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models against values that other people's software computed. */
class GoldenModelsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  static final int[] LLAMA_4M_IDS = {
    1, 450, 1996, 1735, 1701, 2991, 432, 1720, 975, 278, 1736, 1120, 2988, 335, 338, 2675, 304, 927,
    472, 278, 858, 912, 2988
  };
  private static Device device;

  @BeforeAll
  static void open() {
    device = TestDevice.open();
  }

  @AfterAll
  static void close() {
    device.close();
  }

  private static JsonNode golden(String path) throws IOException {
    return JSON.readTree(Shared.require(path).toFile());
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static Generation greedy(CausalLm lm, int[] prompt, int tokens) {
    return lm.generate(prompt, Sampling.greedy().maxTokens(tokens), t -> {}, () -> false);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "stories260K-f32.gguf",
        "stories260K-f16.gguf",
        "stories260K-bf16.gguf",
        "stories260K-q8_0.gguf"
      })
  void storiesGreedyIds(String file) throws IOException {
    Path folder = Shared.require("models/stories260K");
    int[] expected = ints(golden("models/stories260K/golden.json").get("greedy_ids_260"));
    boolean exact = file.isEmpty() || file.contains("f32");
    if (!exact) {
      expected =
          ints(
              golden("models/stories260K/golden-quantized.json")
                  .get(file)
                  .get("first_100_greedy_ids"));
    }
    try (CausalLm lm = CausalLm.load(folder.resolve(file), device)) {
      assertArrayEquals(expected, greedy(lm, new int[] {1}, expected.length).tokens());
    }
  }

  @Test
  void gpt2BeamIds() throws IOException {
    JsonNode golden = golden("models/tiny-gpt2/golden.json").get("beam");
    BeamOptions options =
        BeamOptions.of(golden.get("num_beams").asInt())
            .lengthPenalty(golden.get("length_penalty").floatValue());
    try (CausalLm lm = CausalLm.load(Shared.require("models/tiny-gpt2"), device)) {
      for (JsonNode c : golden.get("cases")) {
        int[] prompt = ints(c.get("input_ids"));
        int[] expected = ints(c.get("expected"));
        int[] found =
            lm.search(prompt, expected.length - prompt.length, options, () -> false)
                .getFirst()
                .tokens();
        assertArrayEquals(Arrays.copyOfRange(expected, prompt.length, expected.length), found);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "stories260K-f32.gguf"})
  void storiesLogits(String file) throws IOException {
    JsonNode golden = golden("models/stories260K/golden.json");
    int[] greedy = ints(golden.get("greedy_ids_200"));
    int[] ids = new int[200];
    ids[0] = 1;
    System.arraycopy(greedy, 0, ids, 1, 199);
    Path path = Shared.require("models/stories260K").resolve(file);
    try (Arena arena = Arena.ofConfined();
        CausalLm lm = CausalLm.load(path, device)) {
      MemorySegment logits = lm.logits(ids, arena);
      for (int position : new int[] {0, 99, 199}) {
        JsonNode expected = golden.get("logits_pos" + position);
        for (int i = 0; i < 512; i++) {
          float got = logits.getAtIndex(ValueLayout.JAVA_FLOAT, position * 512L + i);
          assertEquals(expected.get(i).asDouble(), got, 1e-4, "position " + position + " id " + i);
        }
      }
    }
  }

  @Test
  void storiesText() throws IOException {
    JsonNode golden = golden("models/stories260K/golden.json");
    Path path = Shared.require("models/stories260K/stories260K-f32.gguf");
    StringBuilder streamed = new StringBuilder();
    try (CausalLm lm = CausalLm.load(path, device)) {
      Generation g =
          lm.generate("", Sampling.greedy().maxTokens(200), t -> streamed.append(t.text()));
      assertEquals(golden.get("expected_text_200").asText(), g.text());
      assertEquals(g.text(), streamed.toString());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "F16, 2e-6",
    "Q8_0, 3e-3",
    "Q4_0, 3e-3",
    "Q4_K_M, 3e-3",
    "Q6_K, 3e-3",
  })
  void llama4mLogits(String type, double llamaCpp) throws IOException {
    Path folder = Shared.require("models/llama-4M");
    try (Arena arena = Arena.ofConfined();
        CausalLm lm = CausalLm.load(folder.resolve("llama-4M-" + type + ".gguf"), device)) {
      float[] got = lm.logits(LLAMA_4M_IDS, arena).toArray(ValueLayout.JAVA_FLOAT);
      double exact = nmse(got, logits(folder, "llama-4M-" + type + ".exact.logits"));
      double rounded = nmse(got, logits(folder, "llama-4M-" + type + ".logits"));
      assertTrue(exact <= 1e-9, type + ": NMSE against float64 " + exact);
      assertTrue(rounded <= llamaCpp, type + ": NMSE against llama.cpp " + rounded);
    }
  }

  /**
   * Products that read activations rounded to 8 bits, as llama.cpp's do: near its logits and the
   * exact ones.
   */
  @ParameterizedTest
  @ValueSource(strings = {"Q8_0", "Q4_0", "Q4_K_M", "Q6_K"})
  void llama4mLogitsOfRoundedActivations(String type) throws IOException {
    LoadOptions options = LoadOptions.defaults().compute(DType.Q8_0);
    assumeTrue(device.info().computeTypes().contains(DType.Q8_0));
    Path folder = Shared.require("models/llama-4M");
    Path path = folder.resolve("llama-4M-" + type + ".gguf");
    try (Arena arena = Arena.ofConfined();
        CausalLm lm = CausalLm.load(path, device, options)) {
      assertEquals(DType.Q8_0, lm.compute());
      float[] got = lm.logits(LLAMA_4M_IDS, arena).toArray(ValueLayout.JAVA_FLOAT);
      double exact = nmse(got, logits(folder, "llama-4M-" + type + ".exact.logits"));
      double rounded = nmse(got, logits(folder, "llama-4M-" + type + ".logits"));
      assertTrue(exact > 1e-8 && exact <= 3e-3, type + ": NMSE against float64 " + exact);
      assertTrue(rounded <= 3e-3, type + ": NMSE against llama.cpp " + rounded);
    }
  }

  /** F16 weights that a device may round, with the activations: no further than those in F16. */
  @Test
  void llama4mLogitsOfRoundedWeights() throws IOException {
    assumeTrue(device.info().computeTypes().contains(DType.Q8_0));
    Path folder = Shared.require("models/llama-4M");
    LoadOptions options = LoadOptions.defaults().compute(DType.Q8_0);
    try (Arena arena = Arena.ofConfined();
        CausalLm lm = CausalLm.load(folder.resolve("llama-4M-F16.gguf"), device, options)) {
      float[] got = lm.logits(LLAMA_4M_IDS, arena).toArray(ValueLayout.JAVA_FLOAT);
      double exact = nmse(got, logits(folder, "llama-4M-F16.exact.logits"));
      double rounded = nmse(got, logits(folder, "llama-4M-F16.logits"));
      assertTrue(exact <= 1e-6, "NMSE against float64 " + exact);
      assertTrue(rounded <= 2e-6, "NMSE against llama.cpp " + rounded);
    }
  }

  /** Weights in F32 stay as they are. */
  @Test
  void plainWeightsKeepTheirLogits() throws IOException {
    assumeTrue(device.info().computeTypes().contains(DType.Q8_0));
    Path path = Shared.require("models/stories260K");
    float[][] got = new float[2][];
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < 2; i++) {
        LoadOptions options = LoadOptions.defaults().compute(i == 0 ? DType.F32 : DType.Q8_0);
        try (CausalLm lm = CausalLm.load(path, device, options)) {
          got[i] = lm.logits(new int[] {1, 403, 407, 261}, arena).toArray(ValueLayout.JAVA_FLOAT);
        }
      }
    }
    assertArrayEquals(got[0], got[1]);
  }

  static double[] logits(Path folder, String file) throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(file));
    var buffer = java.nio.ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    double[] values = new double[buffer.getInt() * buffer.getInt()];
    Arrays.setAll(values, i -> buffer.getFloat());
    return values;
  }

  static double nmse(float[] got, double[] expected) {
    assertEquals(expected.length, got.length);
    double error = 0;
    double power = 0;
    for (int i = 0; i < got.length; i++) {
      error += (got[i] - expected[i]) * (got[i] - expected[i]);
      power += expected[i] * expected[i];
    }
    return error / power;
  }

  @Test
  void gpt2GreedyIds() throws IOException {
    JsonNode golden = golden("models/tiny-gpt2/golden.json");
    try (CausalLm lm = CausalLm.load(Shared.require("models/tiny-gpt2"), device)) {
      for (JsonNode c : golden.get("greedy")) {
        int[] prompt = ints(c.get("input_ids"));
        int[] expected = ints(c.get("expected"));
        int[] tokens = greedy(lm, prompt, expected.length - prompt.length).tokens();
        assertArrayEquals(Arrays.copyOfRange(expected, prompt.length, expected.length), tokens);
      }
    }
  }

  @Test
  void gpt2Logits() throws IOException {
    JsonNode rows = golden("models/tiny-gpt2/golden.json").get("numpy_float64_logits_last_row");
    try (Arena arena = Arena.ofConfined();
        CausalLm lm = CausalLm.load(Shared.require("models/tiny-gpt2"), device)) {
      for (var row : rows.properties()) {
        int[] ids = Arrays.stream(row.getKey().split(",")).mapToInt(Integer::parseInt).toArray();
        MemorySegment logits = lm.logits(ids, arena);
        long from = (ids.length - 1L) * lm.vocabularySize();
        for (int i = 0; i < lm.vocabularySize(); i++) {
          assertEquals(
              row.getValue().get(i).asDouble(),
              logits.getAtIndex(ValueLayout.JAVA_FLOAT, from + i),
              1e-5);
        }
      }
    }
  }

  @Test
  void miniLmVectors() throws IOException {
    List<String> texts = new ArrayList<>();
    List<JsonNode> expected = new ArrayList<>();
    for (JsonNode c : golden("golden/minilm.json")) {
      texts.add(c.get("text").asText());
      expected.add(c.get("embedding"));
    }
    try (TextEncoder encoder =
        TextEncoder.load(Shared.require("models/all-MiniLM-L6-v2"), device)) {
      float[][] together = encoder.embed(texts);
      for (int i = 0; i < texts.size(); i++) {
        double dot = 0;
        for (int j = 0; j < encoder.dimension(); j++) {
          dot += together[i][j] * expected.get(i).get(j).asDouble();
        }
        assertTrue(dot >= 0.999999, texts.get(i) + ": cosine " + dot);
        assertArrayEquals(
            together[i], encoder.embed(texts.get(i)), "alone as in a batch: " + texts.get(i));
      }
    }
  }
}
