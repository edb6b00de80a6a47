package dev.heed.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.checkpoint.Safetensors;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** A folder with a Llama of a few hundred random weights, whose vocabulary is ten words. */
final class TinyLlama {
  static final List<String> WORDS =
      List.of("<unk>", "<s>", "</s>", "a", "b", "c", "d", "e", "f", "g");

  static final int CONTEXT = 16;

  private static final int HIDDEN = 16;
  private static final int FFN = 24;
  private static final int KV = 8;

  private TinyLlama() {}

  /** Writes it. */
  static Path write(Path folder) {
    return write(folder, config -> {}, tensors -> {});
  }

  /** Writes it with changes that make it bad. */
  static Path write(
      Path folder,
      Consumer<ObjectNode> changeConfig,
      Consumer<Map<String, CheckpointTensor>> changeTensors) {
    try {
      Files.createDirectories(folder);
      ObjectNode config = config();
      changeConfig.accept(config);
      Cli.JSON.writeValue(folder.resolve("config.json").toFile(), config);
      Files.writeString(folder.resolve("tokenizer.json"), tokenizer());
      try (Arena arena = Arena.ofShared()) {
        Map<String, CheckpointTensor> tensors = tensors(arena);
        changeTensors.accept(tensors);
        Safetensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return folder;
  }

  private static ObjectNode config() {
    return Cli.JSON
        .createObjectNode()
        .put("model_type", "llama")
        .put("vocab_size", WORDS.size())
        .put("hidden_size", HIDDEN)
        .put("intermediate_size", FFN)
        .put("num_hidden_layers", 1)
        .put("num_attention_heads", 2)
        .put("num_key_value_heads", 1)
        .put("max_position_embeddings", CONTEXT)
        .put("rms_norm_eps", 1e-5)
        .put("rope_theta", 10000)
        .put("hidden_act", "silu")
        .put("tie_word_embeddings", false)
        .put("bos_token_id", 1);
  }

  private static Map<String, CheckpointTensor> tensors(Arena arena) {
    Map<String, CheckpointTensor> all = new LinkedHashMap<>();
    Random random = new Random(5);
    String layer = "model.layers.0.";
    add(all, arena, random, "model.embed_tokens.weight", WORDS.size(), HIDDEN);
    add(all, arena, random, layer + "input_layernorm.weight", HIDDEN);
    add(all, arena, random, layer + "self_attn.q_proj.weight", HIDDEN, HIDDEN);
    add(all, arena, random, layer + "self_attn.k_proj.weight", KV, HIDDEN);
    add(all, arena, random, layer + "self_attn.v_proj.weight", KV, HIDDEN);
    add(all, arena, random, layer + "self_attn.o_proj.weight", HIDDEN, HIDDEN);
    add(all, arena, random, layer + "post_attention_layernorm.weight", HIDDEN);
    add(all, arena, random, layer + "mlp.gate_proj.weight", FFN, HIDDEN);
    add(all, arena, random, layer + "mlp.up_proj.weight", FFN, HIDDEN);
    add(all, arena, random, layer + "mlp.down_proj.weight", HIDDEN, FFN);
    add(all, arena, random, "model.norm.weight", HIDDEN);
    add(all, arena, random, "lm_head.weight", WORDS.size(), HIDDEN);
    return all;
  }

  private static void add(
      Map<String, CheckpointTensor> all, Arena arena, Random random, String name, long... dims) {
    Shape shape = Shape.of(dims);
    MemorySegment data = arena.allocate(DType.F32.bytes(shape.elements()), 64);
    for (long i = 0; i < shape.elements(); i++) {
      data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    all.put(name, new CheckpointTensor(name, DType.F32, shape, data));
  }

  /** Words separated by spaces, no begin token of its own. */
  private static String tokenizer() throws IOException {
    ObjectNode root = Cli.JSON.createObjectNode().put("version", "1.0");
    var added = root.putArray("added_tokens");
    for (int id = 0; id < 3; id++) {
      added
          .addObject()
          .put("id", id)
          .put("content", WORDS.get(id))
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
    }
    root.putObject("pre_tokenizer").put("type", "Whitespace");
    ObjectNode model = root.putObject("model").put("type", "WordLevel").put("unk_token", "<unk>");
    ObjectNode vocabulary = model.putObject("vocab");
    for (int id = 0; id < WORDS.size(); id++) {
      vocabulary.put(WORDS.get(id), id);
    }
    return Cli.JSON.writeValueAsString(root);
  }
}
