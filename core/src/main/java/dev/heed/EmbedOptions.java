package dev.heed;

import dev.heed.op.PoolKind;
import java.util.Optional;

/**
 * How texts become vectors, where it differs from the model's own files. Immutable.
 *
 * @param prefix put before each text: E5 wants {@code "query: "} or {@code "passage: "}
 * @param pooling instead of the model's own
 * @param normalize scale to length 1, instead of what the model's files say
 * @param truncate cut texts that are too long; otherwise they are an error
 */
public record EmbedOptions(
    String prefix, Optional<PoolKind> pooling, Optional<Boolean> normalize, boolean truncate) {
  /** As the model's files say, long texts cut, as sentence-transformers does. */
  public static EmbedOptions defaults() {
    return new EmbedOptions("", Optional.empty(), Optional.empty(), true);
  }

  public EmbedOptions prefix(String value) {
    return new EmbedOptions(value, pooling, normalize, truncate);
  }

  public EmbedOptions pooling(PoolKind value) {
    return new EmbedOptions(prefix, Optional.of(value), normalize, truncate);
  }

  public EmbedOptions normalize(boolean value) {
    return new EmbedOptions(prefix, pooling, Optional.of(value), truncate);
  }

  public EmbedOptions truncate(boolean value) {
    return new EmbedOptions(prefix, pooling, normalize, value);
  }
}
