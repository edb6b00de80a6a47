package dev.heed.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Base64;

/**
 * Brings old {@code tokenizer.json} files up to what the library reads today, and refuses what it
 * takes at first and then dies of: it would end the whole process.
 */
final class TokenizerRepair {
  private final String file;

  private TokenizerRepair(String file) {
    this.file = file;
  }

  /** True if {@code json} was changed. */
  static boolean repair(String file, JsonNode json) {
    TokenizerRepair repair = new TokenizerRepair(file);
    if (!(json.path("model") instanceof ObjectNode model)
        || !model.path("vocab").isContainerNode()) {
      throw repair.refuse("no \"model\" with a \"vocab\"; is this a Hugging Face tokenizer.json?");
    }
    if (model.hasNonNull("type")) {
      return false;
    }
    model.put("type", type(model));
    return true;
  }

  /** Refuses a post-processor that adds what is not there, and a decoder that reads it. */
  static void check(String file, JsonNode json, Vocabulary vocabulary) {
    TokenizerRepair repair = new TokenizerRepair(file);
    repair.checkTokensAround(json.path("post_processor"), vocabulary);
    repair.checkStrip(json.path("decoder"));
    repair.checkMerges(json.path("model"));
    repair.checkNormalizer(json.path("normalizer"));
  }

  private void checkNormalizer(JsonNode normalizer) {
    normalizer.path("normalizers").forEach(this::checkNormalizer);
    JsonNode table = normalizer.path("precompiled_charsmap");
    if (table.isTextual() && !CharsMap.isSound(bytes(table.asText()))) {
      throw refuse("the normalisation table (precompiled_charsmap) is damaged; fetch it again");
    }
  }

  private byte[] bytes(String base64) {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw refuse("precompiled_charsmap is not base64: %s", e.getMessage());
    }
  }

  /** The library cuts the prefix off the second part without looking whether it is there. */
  private void checkMerges(JsonNode model) {
    String prefix = model.path("continuing_subword_prefix").asText("");
    if (prefix.isEmpty() || prefix.equals("null")) {
      return;
    }
    for (JsonNode merge : model.path("merges")) {
      String text = merge.isArray() ? merge.path(1).asText() : merge.asText();
      if (!text.substring(text.indexOf(' ') + 1).startsWith(prefix)) {
        throw refuse("merge %s does not continue with '%s'", merge, prefix);
      }
    }
  }

  /** The library strips ends without looking whether there are any. */
  private void checkStrip(JsonNode decoder) {
    decoder.path("decoders").forEach(this::checkStrip);
    if (decoder.path("type").asText().equals("Strip") && decoder.path("stop").asInt() != 0) {
      throw refuse("a decoder that strips the ends of texts (stop) is not supported");
    }
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

  /** What the post-processor puts around a text must be defined, and in the vocabulary. */
  private void checkTokensAround(JsonNode processor, Vocabulary vocabulary) {
    for (JsonNode inner : processor.path("processors")) {
      checkTokensAround(inner, vocabulary);
    }
    for (JsonNode piece : processor.path("single")) {
      if (piece.path("Sequence").path("id").asText().equals("B")) {
        throw refuse("the post-processor wants a second text where there is one");
      }
    }
    JsonNode defined = processor.path("special_tokens");
    for (String form : new String[] {"single", "pair"}) {
      for (JsonNode piece : processor.path(form)) {
        JsonNode id = piece.path("SpecialToken").path("id");
        if (!id.isMissingNode() && defined.path(id.asText()).isMissingNode()) {
          throw refuse(
              "the post-processor uses special token '%s' and does not define it", id.asText());
        }
      }
    }
    for (JsonNode token : defined) {
      if (token.path("ids").size() != token.path("tokens").size()) {
        throw refuse("special token '%s' has not as many ids as tokens", token.path("id").asText());
      }
      token.path("ids").forEach(id -> checkId(id, vocabulary));
    }
    for (String role : new String[] {"cls", "sep"}) {
      if (processor.path(role).isArray()) {
        checkId(processor.path(role).path(1), vocabulary);
      }
    }
  }

  private void checkId(JsonNode id, Vocabulary vocabulary) {
    if (!id.canConvertToInt() || id.asInt() < 0 || id.asInt() >= vocabulary.size()) {
      throw refuse(
          "the post-processor adds id %s; the vocabulary has ids 0 to %d",
          id, vocabulary.size() - 1);
    }
  }

  private TokenizerException refuse(String format, Object... args) {
    return new TokenizerException(file + ": " + format.formatted(args));
  }
}
