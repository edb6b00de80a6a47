package dev.heed.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.op.PoolKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * How an encoder's token vectors become one vector, read from the files of sentence-transformers:
 * {@code modules.json}, {@code 1_Pooling/config.json}, {@code sentence_bert_config.json}; from
 * {@code pooling_type} in GGUF.
 *
 * @param pooling over a text's tokens
 * @param normalize whether vectors are scaled to length 1
 * @param maxTokens the longest text, special tokens included
 */
public record SentenceConfig(PoolKind pooling, boolean normalize, int maxTokens) {

  /**
   * Reads what is there. Without any of these files: the mean, normalised.
   *
   * @param positions the model's own limit
   * @param truncation the tokenizer's, which counts without {@code sentence_bert_config.json}
   * @throws ConfigException if a file is damaged or names a pooling that Heed does not have
   */
  public static SentenceConfig of(Path path, Config config, int positions, OptionalInt truncation) {
    int most = maxTokens(path, positions, truncation);
    if (config.has("pooling_type")) {
      return new SentenceConfig(ggufPooling(config), true, most);
    }
    Path modules = ModelFiles.file(path, "modules.json");
    if (!Files.exists(modules)) {
      return new SentenceConfig(PoolKind.MEAN, true, most);
    }
    PoolKind pooling = PoolKind.MEAN;
    boolean normalize = false;
    for (JsonNode module : ModelFiles.json(modules)) {
      String type = module.path("type").asText();
      if (type.endsWith(".Pooling")) {
        Path file = modules.resolveSibling(module.path("path").asText()).resolve("config.json");
        pooling = pooling(new Config(file.toString(), ModelFiles.json(file)));
      } else if (type.endsWith(".Normalize")) {
        normalize = true;
      } else if (!type.endsWith(".Transformer")) {
        throw new ConfigException(
            modules
                + ": module '"
                + type
                + "' is not known; there is Transformer, Pooling, Normalize");
      }
    }
    return new SentenceConfig(pooling, normalize, most);
  }

  private static int maxTokens(Path path, int positions, OptionalInt truncation) {
    Path limits = ModelFiles.file(path, "sentence_bert_config.json");
    int wanted =
        Files.exists(limits)
            ? new Config(limits.toString(), ModelFiles.json(limits))
                .integer("max_seq_length", positions)
            : truncation.orElse(positions);
    return Math.min(wanted, positions);
  }

  private static PoolKind pooling(Config config) {
    if (config.flag("pooling_mode_mean_tokens", false)) {
      return PoolKind.MEAN;
    }
    if (config.flag("pooling_mode_cls_token", false)) {
      return PoolKind.FIRST;
    }
    if (config.flag("pooling_mode_max_tokens", false)) {
      return PoolKind.MAX;
    }
    if (config.flag("pooling_mode_lasttoken", false)) {
      return PoolKind.LAST;
    }
    throw config.unknown("pooling", "other", "mean, cls, max, last token");
  }

  private static PoolKind ggufPooling(Config config) {
    int type = config.integer("pooling_type");
    return switch (type) {
      case 0, 1 -> PoolKind.MEAN;
      case 2 -> PoolKind.FIRST;
      case 3 -> PoolKind.LAST;
      default ->
          throw config.unknown(
              "pooling_type", Integer.toString(type), "1 mean, 2 cls, 3 last token");
    };
  }
}
