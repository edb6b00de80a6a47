package dev.heed.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heed.op.PoolKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
  private static final String DENSE = ".Dense";

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
    boolean pooled = false;
    for (JsonNode module : ModelFiles.json(modules)) {
      String type = module.path("type").asText();
      if (type.endsWith(".Pooling")) {
        Path file = modules.resolveSibling(module.path("path").asText()).resolve("config.json");
        pooling = pooling(new Config(file.toString(), ModelFiles.json(file)));
        pooled = true;
      } else if (type.endsWith(".Normalize")) {
        normalize = true;
      } else if (type.endsWith(DENSE) && (normalize || !pooled)) {
        throw new ConfigException(
            modules + ": Dense must stand behind Pooling and before Normalize");
      } else if (!type.endsWith(DENSE) && !type.endsWith(".Transformer")) {
        throw new ConfigException(
            modules
                + ": module '"
                + type
                + "' is not known; there is Transformer, Pooling, Dense, Normalize");
      }
    }
    return new SentenceConfig(pooling, normalize, most);
  }

  /** The folders of the dense layers behind the pooling, in their order. */
  static List<Path> denseFolders(Path path) {
    Path modules = ModelFiles.file(path, "modules.json");
    List<Path> folders = new ArrayList<>();
    if (Files.exists(modules)) {
      for (JsonNode module : ModelFiles.json(modules)) {
        if (module.path("type").asText().endsWith(DENSE)) {
          folders.add(modules.resolveSibling(module.path("path").asText()));
        }
      }
    }
    return folders;
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
