package dev.heed.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.op.Activation;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model's configuration under the names of Hugging Face's {@code config.json}, whatever file it
 * came from.
 */
public final class Config {
  /** Other names for the same thing, as GPT-2's config has them. */
  private static final Map<String, List<String>> ALIASES =
      Map.of(
          "hidden_size", List.of("n_embd", "d_model"),
          "num_hidden_layers", List.of("n_layer"),
          "num_attention_heads", List.of("n_head"),
          "max_position_embeddings", List.of("n_positions", "n_ctx"),
          "intermediate_size", List.of("n_inner"),
          "layer_norm_eps", List.of("layer_norm_epsilon"),
          "hidden_act", List.of("activation_function"));

  private final String source;
  private final JsonNode node;

  /**
   * A configuration.
   *
   * @param source the file, for messages
   * @param node a JSON object
   */
  Config(String source, JsonNode node) {
    this.source = source;
    this.node = node;
    if (!node.isObject()) {
      throw new ConfigException(source + ": not a JSON object");
    }
  }

  /** Whether the key is there and not null. */
  public boolean has(String key) {
    return find(key).isPresent();
  }

  /** The object under a key. */
  public Config at(String key) {
    return new Config(source + ", " + key, require(key));
  }

  /** The text under a key. */
  public String text(String key) {
    return require(key).asText();
  }

  /** The text under a key, or {@code otherwise}. */
  public String text(String key, String otherwise) {
    return find(key).map(JsonNode::asText).orElse(otherwise);
  }

  /** The texts of the array under a key; empty where it is missing. */
  public List<String> texts(String key) {
    return find(key).map(a -> a.valueStream().map(JsonNode::asText).toList()).orElse(List.of());
  }

  /** The ids under a key, which holds one or an array of them; empty where it is missing. */
  public Set<Integer> ids(String key) {
    return find(key)
        .map(n -> n.isArray() ? n.valueStream() : Stream.of(n))
        .orElse(Stream.of())
        .map(n -> integer(key, n))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The sequences of ids of the array of arrays under a key; empty where it is missing. */
  List<List<Integer>> sequences(String key) {
    return find(key).stream()
        .flatMap(JsonNode::valueStream)
        .map(s -> s.valueStream().map(n -> integer(key, n)).toList())
        .filter(s -> !s.isEmpty())
        .toList();
  }

  /** The file, for messages. */
  String source() {
    return source;
  }

  /** The whole number, at least 0, under a key. */
  public int integer(String key) {
    return integer(key, require(key));
  }

  /** The whole number, at least 0, under a key, or {@code otherwise}. */
  public int integer(String key, int otherwise) {
    return find(key).map(n -> integer(key, n)).orElse(otherwise);
  }

  private int integer(String key, JsonNode n) {
    if (!n.canConvertToInt() || n.asDouble() != n.asInt() || n.asInt() < 0) {
      throw new ConfigException("%s: %s is %s, want a whole number".formatted(source, key, n));
    }
    return n.asInt();
  }

  /** The number under a key. */
  public double number(String key) {
    return number(key, require(key));
  }

  /** The number under a key, or {@code otherwise}. */
  public double number(String key, double otherwise) {
    return find(key).map(n -> number(key, n)).orElse(otherwise);
  }

  private double number(String key, JsonNode n) {
    if (!n.isNumber()) {
      throw new ConfigException("%s: %s is %s, want a number".formatted(source, key, n));
    }
    return n.asDouble();
  }

  /** The truth value under a key, or {@code otherwise}. */
  public boolean flag(String key, boolean otherwise) {
    return find(key).map(JsonNode::asBoolean).orElse(otherwise);
  }

  /** The activation a key names, or the one {@code otherwise} names. */
  public Activation activation(String key, String otherwise) {
    String name = text(key, otherwise);
    return switch (name) {
      case "relu" -> Activation.RELU;
      case "gelu" -> Activation.GELU;
      case "gelu_new", "gelu_pytorch_tanh", "gelu_fast" -> Activation.GELU_TANH;
      case "silu", "swish" -> Activation.SILU;
      case "tanh" -> Activation.TANH;
      default -> throw unknown(key, name, "relu, gelu, gelu_new, silu, tanh");
    };
  }

  /** For a value that is not among those known. */
  public ConfigException unknown(String key, String value, String known) {
    return wrong(key, value, "is not known; there is " + known);
  }

  /** For a value that cannot be used here. */
  ConfigException wrong(String key, String value, String why) {
    return new ConfigException("%s: %s '%s' %s".formatted(source, key, value, why));
  }

  private Optional<JsonNode> find(String key) {
    JsonNode n = node.get(key);
    for (String alias : ALIASES.getOrDefault(key, List.of())) {
      n = n == null || n.isNull() ? node.get(alias) : n;
    }
    return n == null || n.isNull() ? Optional.empty() : Optional.of(n);
  }

  private JsonNode require(String key) {
    return find(key).orElseThrow(() -> new ConfigException(source + ": " + key + " is missing"));
  }
}
