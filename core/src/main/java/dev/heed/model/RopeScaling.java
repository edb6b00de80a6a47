package dev.heed.model;

import dev.heed.nn.RotaryTable.Scaling;

/** Reads {@code rope_scaling} of a Hugging Face config. */
final class RopeScaling {
  private RopeScaling() {}

  /**
   * The scaling of a config; none where it has none.
   *
   * @throws ConfigException if the kind is not known
   */
  static Scaling of(Config config) {
    if (!config.has("rope_scaling")) {
      return new Scaling.None();
    }
    Config scaling = config.at("rope_scaling");
    String type =
        scaling.has("rope_type") ? scaling.text("rope_type") : scaling.text("type", "default");
    return switch (type) {
      case "default", "none" -> new Scaling.None();
      case "linear" -> new Scaling.Linear(scaling.number("factor"));
      case "llama3" ->
          new Scaling.Llama3(
              scaling.number("factor"),
              scaling.number("low_freq_factor"),
              scaling.number("high_freq_factor"),
              scaling.number("original_max_position_embeddings"));
      case "yarn" -> yarn(config, scaling);
      default -> throw scaling.unknown("rope_type", type, "default, linear, llama3, yarn");
    };
  }

  private static Scaling yarn(Config config, Config scaling) {
    double factor = scaling.number("factor");
    double original =
        scaling.number(
            "original_max_position_embeddings", config.number("max_position_embeddings"));
    return new Scaling.Yarn(
        factor,
        original,
        scaling.number("beta_fast", 32),
        scaling.number("beta_slow", 1),
        scaling.number("attention_factor", Scaling.Yarn.defaultAttention(factor)));
  }
}
