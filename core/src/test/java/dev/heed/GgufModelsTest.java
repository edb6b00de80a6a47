package dev.heed;

import static dev.heed.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.device.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * GGUF files of each architecture, from text to numbers, against {@code model/gguf/reference.py}.
 */
class GgufModelsTest {
  private static final double LIMIT = 1e-5;

  private final Device device = TestDevice.open();

  @AfterEach
  void close() {
    device.close();
  }

  private static Path folder() throws Exception {
    return TestFolder.of(GgufModelsTest.class, "model/gguf/golden.json");
  }

  private static JsonNode golden(String name) throws Exception {
    return new ObjectMapper().readTree(folder().resolve("golden.json").toFile()).get(name);
  }

  private static int[] ids(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static double[] numbers(JsonNode array) {
    return array.valueStream().mapToDouble(JsonNode::asDouble).toArray();
  }

  private static double[] widen(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen2", "qwen3", "gpt2", "gpt2-untied"})
  void logitsAndGreedyTokens(String name) throws Exception {
    JsonNode golden = golden(name);
    try (CausalLm lm = CausalLm.load(folder().resolve(name + ".gguf"), device);
        Arena arena = Arena.ofConfined()) {
      int[] ids = lm.encode(golden.get("text").asText());
      assertArrayEquals(ids(golden.get("ids")), ids);
      double[] expected =
          StreamSupport.stream(golden.get("logits").spliterator(), false)
              .flatMapToDouble(row -> row.valueStream().mapToDouble(JsonNode::asDouble))
              .toArray();
      float[] logits = lm.logits(ids, arena).toArray(ValueLayout.JAVA_FLOAT);
      assertClose(expected, widen(logits), LIMIT);
      int[] continuation = ids(golden.get("continuation"));
      Sampling greedy = Sampling.greedy().maxTokens(continuation.length);
      assertArrayEquals(continuation, lm.generate(ids, greedy, token -> {}, () -> false).tokens());
    }
  }

  /** As the file itself: its vocabulary is the model's. */
  @Test
  void aFolderWithAFile(@TempDir Path other) throws Exception {
    Files.copy(folder().resolve("qwen2.gguf"), other.resolve("model.gguf"));
    JsonNode golden = golden("qwen2");
    try (CausalLm lm = CausalLm.load(other, device)) {
      assertArrayEquals(ids(golden.get("ids")), lm.encode(golden.get("text").asText()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert-mean", "bert-first"})
  void vectors(String name) throws Exception {
    JsonNode golden = golden(name);
    String text = golden.get("text").asText();
    try (TextEncoder encoder = TextEncoder.load(folder().resolve(name + ".gguf"), device)) {
      assertArrayEquals(ids(golden.get("ids")), encoder.tokenizer().encode(text, true));
      EmbedOptions raw = EmbedOptions.defaults().normalize(false);
      float[] vector = encoder.embed(List.of(text), raw, done -> {})[0];
      assertClose(numbers(golden.get("vector")), widen(vector), LIMIT);
    }
  }
}
