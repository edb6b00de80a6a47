package dev.heed.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heed.OnDevice;
import dev.heed.TestFolder;
import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Small random models against {@code seq2seq/reference.py}, plain formulas in float64, and {@code
 * seq2seq/transformer.py}, PyTorch's own in float64.
 */
class Seq2SeqReferenceTest {
  private static final double LIMIT = 1e-5;

  @TempDir Path temporary;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bart",
        "marian",
        "marian-separate",
        "mbart",
        "t5-v1.0",
        "t5-v1.1",
        "transformer-paper",
        "transformer-opennmt",
        "transformer-bare"
      })
  void statesAndLogits(String name) throws Exception {
    check(folder(name), cases(folder(name)));
  }

  /** Files keep a shared table under one of several names; mT5 is T5 v1.1 by another one. */
  @ParameterizedTest
  @CsvSource({
    "bart, bart, model.shared, model.decoder.embed_tokens",
    "bart, bart, model.shared, lm_head",
    "marian, marian, model., ''",
    "t5-v1.0, t5, shared, encoder.embed_tokens",
    "t5-v1.1, mt5, shared, decoder.embed_tokens"
  })
  void otherNames(String name, String type, String from, String to) throws Exception {
    rewrite(
        name,
        config -> config.put("model_type", type),
        tensors -> {
          Map<String, CheckpointTensor> renamed = new HashMap<>();
          tensors.forEach(
              (n, t) -> renamed.put(n.startsWith(from) ? to + n.substring(from.length()) : n, t));
          return renamed;
        });
    check(temporary, cases(folder(name)));
  }

  /** BART with an output projection of its own, which here has the words' values. */
  @Test
  void untied() throws Exception {
    rewrite(
        "bart",
        config -> config.put("tie_word_embeddings", false),
        tensors -> {
          Map<String, CheckpointTensor> more = new HashMap<>(tensors);
          more.put("lm_head.weight", tensors.get("model.shared.weight"));
          return more;
        });
    check(temporary, cases(folder("bart")));
  }

  @Test
  void headsMustDivideTheWidth() throws Exception {
    rewrite("bart", config -> config.put("encoder_attention_heads", 3), tensors -> tensors);
    var e = assertThrows(ConfigException.class, () -> check(temporary, cases(folder("bart"))));
    assertEquals(
        temporary.resolve("config.json")
            + ": encoder_attention_heads '3' does not divide d_model 8",
        e.getMessage());
  }

  static Path folder(String name) throws IOException, URISyntaxException {
    return TestFolder.of(Seq2SeqReferenceTest.class, "seq2seq/" + name + "/config.json");
  }

  /** A changed copy in the temporary folder. */
  private void rewrite(
      String name,
      Consumer<ObjectNode> configuration,
      UnaryOperator<Map<String, CheckpointTensor>> tensors)
      throws Exception {
    ObjectNode config =
        (ObjectNode) new ObjectMapper().readTree(folder(name).resolve("config.json").toFile());
    configuration.accept(config);
    new ObjectMapper().writeValue(temporary.resolve("config.json").toFile(), config);
    try (Checkpoint checkpoint = Checkpoint.open(folder(name))) {
      Safetensors.write(
          temporary.resolve("model.safetensors"), tensors.apply(checkpoint.tensors()), Map.of());
    }
  }

  private static void check(Path folder, List<JsonNode> golden) {
    List<int[]> targets = golden.stream().map(c -> ints(c.get("target"))).toList();
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        OnDevice on = new OnDevice()) {
      Config config = ModelFiles.config(folder, checkpoint);
      EncoderDecoderModel model = ModelFiles.encoderDecoder(config, on.loader(checkpoint), 16);
      ForcedDecoding run =
          new ForcedDecoding(
              on, on.ops(), model, golden.stream().map(c -> ints(c.get("source"))).toList());
      assertArrayEquals(all(golden, "memory"), run.memory(), LIMIT);
      assertArrayEquals(all(golden, "logits"), flat(run.logits(targets)), LIMIT);
      assertArrayEquals(all(golden, "logits"), flat(run.logitsOneByOne(targets)), LIMIT);
    }
  }

  static List<JsonNode> cases(Path folder) throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    new ObjectMapper().readTree(folder.resolve("golden.json").toFile()).forEach(cases::add);
    assertEquals(2, cases.size());
    return cases;
  }

  static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  /** The matrices of all cases, row behind row. */
  static double[] all(List<JsonNode> cases, String key) {
    return cases.stream()
        .flatMap(c -> c.get(key).valueStream())
        .flatMap(JsonNode::valueStream)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  static double[] flat(double[][][] logits) {
    return Stream.of(logits)
        .flatMap(Stream::of)
        .map(DoubleStream::of)
        .flatMapToDouble(Function.identity())
        .toArray();
  }
}
