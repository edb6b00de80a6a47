package dev.heed.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heed.checkpoint.Gguf;
import dev.heed.checkpoint.GgufMetadata;
import java.util.Map;

/**
 * GGUF's metadata under the names of Hugging Face's {@code config.json}. Keys as in ggml's GGUF
 * specification.
 */
final class GgufConfig {
  private static final Map<String, String> INTEGERS =
      Map.ofEntries(
          Map.entry("block_count", "num_hidden_layers"),
          Map.entry("embedding_length", "hidden_size"),
          Map.entry("feed_forward_length", "intermediate_size"),
          Map.entry("attention.head_count", "num_attention_heads"),
          Map.entry("attention.head_count_kv", "num_key_value_heads"),
          Map.entry("attention.key_length", "head_dim"),
          Map.entry("attention.sliding_window", "sliding_window"),
          Map.entry("context_length", "max_position_embeddings"),
          Map.entry("rope.dimension_count", "rotary_dim"),
          Map.entry("pooling_type", "pooling_type"));

  private static final Map<String, String> NUMBERS =
      Map.of(
          "attention.layer_norm_rms_epsilon", "rms_norm_eps",
          "attention.layer_norm_epsilon", "layer_norm_eps",
          "rope.freq_base", "rope_theta");

  private static final Map<String, String> SCALING_NUMBERS =
      Map.of(
          "rope.scaling.factor", "factor",
          "rope.scaling.original_context_length", "original_max_position_embeddings",
          "rope.scaling.attn_factor", "attention_factor",
          "rope.scaling.yarn_beta_fast", "beta_fast",
          "rope.scaling.yarn_beta_slow", "beta_slow");

  private GgufConfig() {}

  static Config of(Gguf gguf) {
    GgufMetadata data = gguf.metadata();
    String source = gguf.source().toString();
    String arch =
        data.architecture()
            .orElseThrow(() -> new ConfigException(source + ": general.architecture is missing"));
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("model_type", arch);
    INTEGERS.forEach((from, to) -> integer(data, arch + "." + from, node, to));
    NUMBERS.forEach((from, to) -> number(data, arch + "." + from, node, to));
    if (data.has(arch + ".rope.scaling.type")) {
      ObjectNode scaling = node.putObject("rope_scaling");
      scaling.put("rope_type", data.string(arch + ".rope.scaling.type"));
      SCALING_NUMBERS.forEach((from, to) -> number(data, arch + "." + from, scaling, to));
    }
    if (data.has("tokenizer.ggml.eos_token_id")) {
      node.put("eos_token_id", data.i64("tokenizer.ggml.eos_token_id"));
    }
    node.put("tie_word_embeddings", !gguf.contains("output.weight"));
    return new Config(source, node);
  }

  private static void integer(GgufMetadata data, String from, ObjectNode node, String to) {
    if (data.has(from)) {
      node.put(to, data.i64(from));
    }
  }

  private static void number(GgufMetadata data, String from, ObjectNode node, String to) {
    if (data.has(from)) {
      node.put(to, isWhole(from) ? (double) data.i64(from) : data.f32(from));
    }
  }

  private static boolean isWhole(String key) {
    return key.endsWith("original_context_length");
  }
}
