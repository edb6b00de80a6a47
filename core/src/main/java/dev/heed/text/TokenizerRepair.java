package dev.heed.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Brings old {@code tokenizer.json} files up to what the library reads today. */
final class TokenizerRepair {
  private TokenizerRepair() {}

  /** True if {@code json} was changed. */
  static boolean repair(String file, JsonNode json) {
    if (!(json.path("model") instanceof ObjectNode model)
        || !model.path("vocab").isContainerNode()) {
      throw new TokenizerException(
          file + ": no \"model\" with a \"vocab\"; is this a Hugging Face tokenizer.json?");
    }
    if (model.hasNonNull("type")) {
      return false;
    }
    model.put("type", type(model));
    return true;
  }

  /** Files from before tokenizers 0.9.3 leave the type to be guessed from the fields. */
  private static String type(JsonNode model) {
    if (model.path("vocab").isArray()) {
      return "Unigram";
    }
    if (model.has("merges")) {
      return "BPE";
    }
    return model.has("max_input_chars_per_word") ? "WordPiece" : "WordLevel";
  }
}
