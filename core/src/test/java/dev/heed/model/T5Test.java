package dev.heed.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heed.OnDevice;
import dev.heed.Sampling;
import dev.heed.Shared;
import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import dev.heed.generate.BeamOptions;
import dev.heed.generate.GreedySearch;
import dev.heed.generate.Seq2SeqSession;
import dev.heed.generate.TokenRules;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** T5 against other people's values. */
class T5Test {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double LIMIT = 1e-4;

  @TempDir Path temporary;

  @Test
  void tinyT5() throws IOException {
    Path folder = Shared.require("models/tiny-t5");
    JsonNode golden = JSON.readTree(folder.resolve("golden.json").toFile());
    int[] source = ints(golden.get("encoder_input_ids"));
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        OnDevice on = new OnDevice()) {
      Config config = ModelFiles.config(folder, checkpoint);
      T5 model = new T5(config, on.loader(checkpoint), 32);
      ForcedDecoding run = new ForcedDecoding(on, on.ops(), model, List.of(source));
      assertArrayEquals(doubles(golden.get("encoder_last_hidden_state")), run.memory(), LIMIT);
      double[][] logits = run.logits(List.of(new int[] {0}))[0];
      assertArrayEquals(doubles(golden.get("decoder_logits_bos")), logits[0], LIMIT);
      assertArrayEquals(ints(golden.get("greedy_ids")), greedy(model, on, source));
    }
  }

  /** Starts with id 0, as the file's ids do, and goes on as far as they go. */
  private static int[] greedy(T5 model, OnDevice on, int[] source) {
    try (Seq2SeqSession session = Seq2SeqSession.open(model, on.device(), DType.F32, 1)) {
      session.encode(List.of(source));
      TokenRules rules = new TokenRules(Set.of(1), 20);
      int[] found =
          new GreedySearch(session, rules, BeamOptions.of(1), Sampling.greedy())
              .search(List.of(new int[] {0}), 0, (prompt, id) -> {}, () -> false)
              .getFirst()
              .tokens();
      return IntStream.concat(IntStream.of(0), IntStream.of(found)).toArray();
    }
  }

  /** torchtune's T5 encoder has a gated network with the exact GELU and 4 buckets. */
  @Test
  void torchtuneEncoder() throws IOException {
    JsonNode golden = JSON.readTree(Shared.require("golden/t5-encoder/golden.json").toFile());
    try (Arena arena = Arena.ofShared();
        OnDevice on = new OnDevice()) {
      Safetensors.write(
          temporary.resolve("model.safetensors"), tensors(golden.get("weights"), arena), Map.of());
      try (Checkpoint checkpoint = Checkpoint.open(temporary)) {
        T5Encoder model = new T5Encoder(config(golden.get("config")), on.loader(checkpoint));
        Tensor out = on.floats(16, 2);
        model.forward(on.ops(), on.workspace(), input(on, golden.get("input_ids")), out);
        assertArrayEquals(doubles(golden.get("expected")), on.values(out), LIMIT);
        assertArrayEquals(doubles(golden.get("numpy_float64")), on.values(out), 1e-6);
      }
    }
  }

  private static Config config(JsonNode from) {
    assertEquals("down(gelu_erf(gate x) * (up x))", from.get("ff").asText());
    ObjectNode to = JSON.createObjectNode().put("model_type", "t5");
    to.put("feed_forward_proj", "gated-gelu").put("dense_act_fn", "gelu");
    to.set("d_model", from.get("embed_dim"));
    to.set("d_ff", from.get("mlp_dim"));
    to.set("num_heads", from.get("num_heads"));
    to.set("d_kv", from.get("head_dim"));
    to.set("num_layers", from.get("num_layers"));
    to.set("relative_attention_num_buckets", from.get("rel_pos_num_buckets"));
    to.set("relative_attention_max_distance", from.get("rel_pos_max_dist"));
    to.set("layer_norm_epsilon", from.get("norm_eps"));
    return new Config("golden.json", to);
  }

  /** torchtune's names under Hugging Face's. */
  private static Map<String, CheckpointTensor> tensors(JsonNode weights, Arena arena) {
    Map<String, String> parts =
        Map.of(
            "q", "layer.0.SelfAttention.q",
            "k", "layer.0.SelfAttention.k",
            "v", "layer.0.SelfAttention.v",
            "o", "layer.0.SelfAttention.o",
            "sa_norm", "layer.0.layer_norm",
            "gate", "layer.1.DenseReluDense.wi_0",
            "up", "layer.1.DenseReluDense.wi_1",
            "down", "layer.1.DenseReluDense.wo",
            "mlp_norm", "layer.1.layer_norm");
    Map<String, CheckpointTensor> all = new TreeMap<>();
    for (Map.Entry<String, JsonNode> e : weights.properties()) {
      String[] path = e.getKey().split("\\.");
      String name =
          switch (e.getKey()) {
            case "token_embedding" -> "shared";
            case "final_norm" -> "encoder.final_layer_norm";
            case "rel" -> "encoder.block.0.layer.0.SelfAttention.relative_attention_bias";
            default -> "encoder.block." + path[0] + "." + parts.get(path[1]);
          };
      CheckpointTensor t = tensor(name + ".weight", e.getValue(), arena);
      all.put(t.name(), t);
    }
    return all;
  }

  private static CheckpointTensor tensor(String name, JsonNode values, Arena arena) {
    double[] wide = doubles(values);
    Shape shape =
        values.get(0).isArray()
            ? Shape.of(values.size(), values.get(0).size())
            : Shape.of(values.size());
    MemorySegment data = arena.allocate(DType.F32.bytes(wide.length), Float.BYTES);
    for (int i = 0; i < wide.length; i++) {
      data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) wide[i]);
    }
    return new CheckpointTensor(name, DType.F32, shape, data);
  }

  /** Texts of equal length. */
  private static EncoderModel.Input input(OnDevice on, JsonNode texts) {
    int b = texts.size();
    int n = texts.get(0).size();
    Tensor offsets = on.ints(IntStream.rangeClosed(0, b).map(i -> i * n).toArray());
    return new EncoderModel.Input(
        on.ints(texts.valueStream().flatMapToInt(t -> IntStream.of(ints(t))).toArray()),
        on.ints(IntStream.range(0, b * n).map(i -> i % n).toArray()),
        on.ints(new int[b * n]),
        new Sequences(offsets, on.ints(new int[b]), n, n),
        offsets.rows(0, b),
        on.ints(IntStream.generate(() -> n).limit(b).toArray()));
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  /** All numbers of nested arrays, in order. */
  private static double[] doubles(JsonNode array) {
    return numbers(array).mapToDouble(JsonNode::asDouble).toArray();
  }

  private static Stream<JsonNode> numbers(JsonNode node) {
    return node.isArray() ? node.valueStream().flatMap(T5Test::numbers) : Stream.of(node);
  }
}
