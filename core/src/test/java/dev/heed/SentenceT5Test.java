package dev.heed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.checkpoint.CheckpointException;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import dev.heed.model.ConfigException;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.text.TokenizerException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder as Sentence-T5 has it, with the encoder states of reference.py. */
class SentenceT5Test {
  private static final int WIDTH = 8;
  private static final int OUT = 5;
  private static final String MODULE =
      "{\"type\":\"sentence_transformers.models.%s\",\"path\":\"%s\"}";

  @TempDir Path folder;
  private final float[] weight = new float[OUT * WIDTH];
  private final float[] bias = new float[OUT];
  private Device device;
  private JsonNode golden;

  @BeforeEach
  void write() throws Exception {
    device = Devices.open("cpu");
    Path model = TestFolder.of(SentenceT5Test.class, "model/seq2seq/t5-v1.1/config.json");
    golden = new ObjectMapper().readTree(model.resolve("golden.json").toFile()).get(1);
    Files.copy(model.resolve("config.json"), folder.resolve("config.json"));
    Files.copy(model.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    StringBuilder words = new StringBuilder("\"<pad>\":0,\"</s>\":1");
    for (int id = 2; id < 20; id++) {
      words.append(",\"w%d\":%d".formatted(id, id));
    }
    Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
         "pre_tokenizer":{"type":"Whitespace"},"decoder":null,
         "post_processor":{"type":"TemplateProcessing",
          "single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
          "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":0}}],
          "special_tokens":{"</s>":{"id":"</s>","ids":[1],"tokens":["</s>"]}}},
         "model":{"type":"WordLevel","unk_token":"w2","vocab":{%s}}}
        """
            .formatted(words));
    modules("Transformer", "Pooling", "Dense", "Normalize");
    Files.createDirectory(folder.resolve("1_Pooling"));
    Files.writeString(
        folder.resolve("1_Pooling/config.json"), "{\"pooling_mode_mean_tokens\":true}");
    Files.createDirectory(folder.resolve("2_Dense"));
    dense("torch.nn.modules.activation.Tanh", true);
  }

  @AfterEach
  void close() {
    device.close();
  }

  private void modules(String... types) throws IOException {
    String[] all = new String[types.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = MODULE.formatted(types[i], i == 0 ? "" : i + "_" + types[i]);
    }
    Files.writeString(folder.resolve("modules.json"), "[" + String.join(",", all) + "]");
  }

  private void dense(String activation, boolean withBias) throws IOException {
    Files.writeString(
        folder.resolve("2_Dense/config.json"),
        "{\"in_features\":8,\"out_features\":5,\"bias\":true,\"activation_function\":\"%s\"}"
            .formatted(activation));
    Random random = new Random(3);
    try (Arena arena = Arena.ofConfined()) {
      Map<String, CheckpointTensor> all = new HashMap<>();
      put(all, "linear.weight", fill(weight, random), arena, OUT, WIDTH);
      if (withBias) {
        put(all, "linear.bias", fill(bias, random), arena, OUT);
      }
      Path file = folder.resolve("2_Dense/model.safetensors");
      Files.deleteIfExists(file);
      Safetensors.write(file, all, Map.of());
    }
  }

  private static float[] fill(float[] values, Random random) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static void put(
      Map<String, CheckpointTensor> all, String name, float[] values, Arena arena, long... dims) {
    MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
    all.put(name, new CheckpointTensor(name, DType.F32, Shape.of(dims), data));
  }

  /** normalize(tanh(W mean + b)) in F64. */
  private float[] expected() {
    JsonNode states = golden.get("memory");
    double[] y = new double[OUT];
    double length = 0;
    for (int o = 0; o < OUT; o++) {
      double sum = bias[o];
      for (int i = 0; i < WIDTH; i++) {
        double mean = 0;
        for (JsonNode row : states) {
          mean += row.get(i).asDouble() / states.size();
        }
        sum += weight[o * WIDTH + i] * mean;
      }
      y[o] = Math.tanh(sum);
      length += y[o] * y[o];
    }
    float[] unit = new float[OUT];
    for (int o = 0; o < OUT; o++) {
      unit[o] = (float) (y[o] / Math.sqrt(length));
    }
    return unit;
  }

  @Test
  void poolsThenTheDenseLayer() {
    try (TextEncoder encoder = TextEncoder.load(folder, device)) {
      assertEquals(OUT, encoder.dimension());
      assertArrayEquals(expected(), encoder.embed("w15 w4"), 1e-5f);
    }
  }

  @Test
  void aTokenizerOfAnotherModel() {
    try (TextEncoder encoder = TextEncoder.load(folder, device)) {
      var e = assertThrows(TokenizerException.class, () -> encoder.embed("w4 w19"));
      assertEquals(
          "token 19 'w19': the model's embedding has 19 rows; its tokenizer is of another model",
          e.getMessage());
    }
  }

  @Test
  void whatIsNotKnownOrMissingIsNamed() throws IOException {
    dense("torch.nn.modules.activation.Mish", true);
    refused(
        ConfigException.class,
        folder.resolve("2_Dense/config.json")
            + ": activation_function 'torch.nn.modules.activation.Mish' is not known; there is"
            + " Identity, Tanh, ReLU, GELU, Sigmoid");
    dense("torch.nn.modules.linear.Identity", false);
    refused(
        CheckpointException.class,
        folder.resolve("2_Dense/model.safetensors")
            + ": no tensor linear.bias; it is incomplete or of another architecture");
    dense("torch.nn.modules.linear.Identity", true);
    modules("Transformer", "Pooling", "Dense", "LayerNorm");
    refused(
        ConfigException.class,
        folder.resolve("modules.json")
            + ": module 'sentence_transformers.models.LayerNorm' is not known; there is"
            + " Transformer, Pooling, Dense, Normalize");
    Files.move(folder.resolve("2_Dense"), folder.resolve("1_Dense"));
    modules("Transformer", "Dense");
    refused(
        ConfigException.class,
        folder.resolve("modules.json") + ": Dense must stand behind Pooling and before Normalize");
  }

  private void refused(Class<? extends Exception> type, String message) {
    var e = assertThrows(type, () -> TextEncoder.load(folder, device));
    assertEquals(message, e.getMessage());
  }
}
