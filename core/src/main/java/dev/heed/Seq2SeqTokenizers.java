package dev.heed;

import dev.heed.model.Config;
import dev.heed.model.ModelFiles;
import dev.heed.text.CharacterTokenizer;
import dev.heed.text.MarianTokenizer;
import dev.heed.text.Seq2SeqTokenizer;
import java.nio.file.Path;

/** Which tokenizer an encoder-decoder has. */
final class Seq2SeqTokenizers {
  private Seq2SeqTokenizers() {}

  /**
   * Opens it: characters where the configuration says so, else Marian's files, else the model's own
   * tokenizer, which stays the model's; null where there is none.
   *
   * @throws dev.heed.text.TokenizerException if a file is missing or damaged
   */
  static Seq2SeqTokenizer open(LoadedModel<?> loaded, Path path) {
    Config config = loaded.config();
    if (config.has("grapheme_chars")) {
      return CharacterTokenizer.of(
          config.text("grapheme_chars"),
          config.text("phoneme_chars"),
          config.integer("bos_token_id"),
          config.integer("eos_token_id"));
    }
    Path folder = ModelFiles.file(path, "config.json").toAbsolutePath().getParent();
    String kind = config.text("tokenizer", "");
    if (kind.equals("characters")) {
      return CharacterTokenizer.load(folder, config.text("unk_token", "<unk>"));
    }
    if (!kind.isEmpty()) {
      throw config.unknown("tokenizer", kind, "characters, or tokenizer.json");
    }
    if (MarianTokenizer.isIn(folder)) {
      return MarianTokenizer.load(folder);
    }
    if (!loaded.hasTokenizer()) {
      return null;
    }
    return config.text("model_type").equals("mbart")
        ? Seq2SeqTokenizer.mbart(path.toString(), loaded.tokenizer())
        : Seq2SeqTokenizer.shared(path.toString(), loaded.tokenizer());
  }
}
