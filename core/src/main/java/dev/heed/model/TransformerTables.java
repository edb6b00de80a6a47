package dev.heed.model;

import dev.heed.device.Use;
import dev.heed.nn.Embedding;
import dev.heed.nn.Loader;

/**
 * The vectors of tokens of a {@link Transformer}: {@code src_embedding} and {@code tgt_embedding},
 * or {@code src_embedding} for both where the vocabularies are one (section 3.4 of the paper).
 *
 * @param source of the encoder's tokens [V, D]
 * @param target of the decoder's tokens; the same table where it is shared
 */
record TransformerTables(Embedding source, Embedding target) {
  private static final String SHARED = "share_encoder_decoder_embeddings";

  /**
   * Loads them; one table serves both sides where the configuration says so ({@value #SHARED}), or
   * where it is silent and there is no other.
   *
   * @param use of the target's table
   * @throws ConfigException if a size that the configuration gives is not its table's
   */
  static TransformerTables load(Config config, Loader loader, int width, Use use) {
    boolean alone = !loader.has("tgt_embedding.weight");
    if (!config.flag(SHARED, alone && !differ(config))) {
      return new TransformerTables(
          table(config, loader, width, "src", Use.TABLE), table(config, loader, width, "tgt", use));
    }
    Embedding both = table(config, loader, width, "src", use);
    requireSize(config, "tgt", both, "src");
    return new TransformerTables(both, both);
  }

  private static boolean differ(Config config) {
    return config.has("src_vocab_size")
        && config.has("tgt_vocab_size")
        && config.integer("src_vocab_size") != config.integer("tgt_vocab_size");
  }

  private static Embedding table(Config config, Loader loader, int width, String side, Use use) {
    Embedding table = loader.embedding(side + "_embedding", width, use);
    requireSize(config, side, table, side);
    return config.flag("scale_embedding", true) ? table.scaled() : table;
  }

  /** A size the configuration gives must be the table's. */
  private static void requireSize(Config config, String side, Embedding table, String owner) {
    int size = config.integer(side + "_vocab_size", table.size());
    if (size != table.size()) {
      throw config.wrong(
          side + "_vocab_size",
          Integer.toString(size),
          "does not fit %s_embedding, which has %d".formatted(owner, table.size()));
    }
  }
}
