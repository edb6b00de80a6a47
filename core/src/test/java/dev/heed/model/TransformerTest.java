package dev.heed.model;

import static dev.heed.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heed.OnDevice;
import dev.heed.TestFolder;
import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.CheckpointException;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import dev.heed.nn.Loader;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a Transformer does beside computing PyTorch's numbers: refuse, and drop. */
class TransformerTest {
  private static final List<int[]> SOURCES =
      List.of(new int[] {3, 7, 11, 2, 18}, new int[] {15, 4});
  private static final List<int[]> TARGETS =
      List.of(new int[] {0, 5, 9, 9, 14, 2}, new int[] {0, 13, 7});

  private static final String SHARED = "share_encoder_decoder_embeddings";

  private final OnDevice on = new OnDevice();

  @AfterEach
  void close() {
    on.close();
  }

  private static Path folder() throws IOException, URISyntaxException {
    return TestFolder.of(TransformerTest.class, "seq2seq/transformer-paper/config.json");
  }

  private Transformer load(Checkpoint checkpoint, Consumer<ObjectNode> change)
      throws IOException, URISyntaxException {
    ObjectNode config =
        (ObjectNode) new ObjectMapper().readTree(folder().resolve("config.json").toFile());
    change.accept(config);
    return new Transformer(new Config("config.json", config), on.loader(checkpoint), 16);
  }

  private void refuses(String part, Consumer<ObjectNode> change) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(folder())) {
      String message =
          assertThrows(ConfigException.class, () -> load(checkpoint, change)).getMessage();
      assertTrue(message.contains(part), message);
      assertEquals(1, message.lines().count(), message);
    }
  }

  @Test
  void refusesConfigurationsThatMakeNoSense() throws Exception {
    refuses("nhead '5' does not divide d_model, 12", c -> c.put("nhead", 5));
    refuses("nhead '0'", c -> c.put("nhead", 0));
    refuses(
        "src_vocab_size '7' does not fit src_embedding, which has 19",
        c -> c.put("src_vocab_size", 7));
    refuses("tgt_vocab_size '19'", c -> c.put("tgt_vocab_size", 19));
    refuses("type 'rotary'", c -> c.putObject("positional_encoding").put("type", "rotary"));
    refuses("layout 'thirds'", c -> c.putObject("positional_encoding").put("layout", "thirds"));
    refuses("activation 'maxout'", c -> c.put("activation", "maxout"));
    refuses("d_model is missing", c -> c.remove("d_model"));
  }

  /** One vocabulary for both sides: the file has the table once. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aSharedTable(boolean tied, @TempDir Path other) throws Exception {
    try (Checkpoint whole = Checkpoint.open(folder())) {
      Map<String, CheckpointTensor> tensors = new TreeMap<>(whole.tensors());
      tensors.put("tgt_embedding.weight", tensors.get("src_embedding.weight"));
      tensors.remove("generator.bias");
      tensors.put("generator.weight", tensors.get("src_embedding.weight"));
      if (tied) {
        tensors.remove("generator.weight");
      }
      Path twice = Files.createDirectory(other.resolve("twice"));
      Safetensors.write(twice.resolve("model.safetensors"), tensors, Map.of());
      tensors.remove("tgt_embedding.weight");
      Safetensors.write(other.resolve("model.safetensors"), tensors, Map.of());
    }
    try (Checkpoint twice = Checkpoint.open(other.resolve("twice"));
        Checkpoint once = Checkpoint.open(other.resolve("model.safetensors"))) {
      Consumer<ObjectNode> oneSize = c -> c.remove(List.of("tgt_vocab_size", "src_vocab_size"));
      double[][][] expected = logits(load(twice, oneSize), SOURCES, TARGETS);
      assertTrue(
          Arrays.deepEquals(expected, logits(load(once, oneSize), SOURCES, TARGETS)), "alone");
      assertTrue(
          Arrays.deepEquals(
              expected,
              logits(load(twice, oneSize.andThen(c -> c.put(SHARED, true))), SOURCES, TARGETS)),
          "said");
      String missing =
          assertThrows(
                  CheckpointException.class,
                  () -> load(once, c -> c.put("src_vocab_size", 19).put("tgt_vocab_size", 23)))
              .getMessage();
      assertTrue(missing.contains("no tensor tgt_embedding.weight"), missing);
      String size =
          assertThrows(
                  ConfigException.class,
                  () -> load(once, c -> c.put(SHARED, true).put("tgt_vocab_size", 7)))
              .getMessage();
      assertTrue(
          size.contains("tgt_vocab_size '7' does not fit src_embedding, which has 19"), size);
    }
  }

  /** A source's numbers do not depend on the batch it is in. */
  @Test
  void aSourceAloneIsAsInABatch() throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(folder())) {
      Transformer model = load(checkpoint, c -> {});
      double[][][] together = logits(model, SOURCES, TARGETS);
      for (int b = 0; b < 2; b++) {
        double[][][] alone = logits(model, SOURCES.subList(b, b + 1), TARGETS.subList(b, b + 1));
        assertTrue(Arrays.deepEquals(together[b], alone[0]), "target " + b);
      }
    }
  }

  /** Monte-Carlo dropout: runs differ, the seed repeats them, and nothing drops with p = 0. */
  @Test
  void dropout() throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(folder())) {
      Transformer model = load(checkpoint, c -> {});
      Loader loader = on.loader(checkpoint);
      double[][][] plain = logits(model, SOURCES, TARGETS);
      Transformer sampled = model.withDropout(loader.random(0.1f, 42));
      double[][][] first = logits(sampled, SOURCES, TARGETS);
      double[][][] second = logits(sampled, SOURCES, TARGETS);
      assertFalse(Arrays.deepEquals(plain, first));
      assertFalse(Arrays.deepEquals(first, second));
      assertTrue(
          Arrays.deepEquals(
              first, logits(model.withDropout(loader.random(0.1f, 42)), SOURCES, TARGETS)));
      double[][][] none = logits(model.withDropout(loader.random(0, 1)), SOURCES, TARGETS);
      for (int b = 0; b < 2; b++) {
        for (int t = 0; t < plain[b].length; t++) {
          assertClose(plain[b][t], none[b][t], 1e-6);
        }
      }
    }
  }

  private double[][][] logits(Transformer model, List<int[]> sources, List<int[]> targets) {
    return new ForcedDecoding(on, on.ops(), model, sources).logits(targets);
  }
}
