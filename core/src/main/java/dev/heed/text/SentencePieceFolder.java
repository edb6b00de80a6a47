package dev.heed.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the files beside a SentencePiece model add to it: tokens, and what goes around a text. */
final class SentencePieceFolder {
  /** File names, by habit of the models that have them. */
  static final List<String> FILES = List.of("spiece.model", "tokenizer.model");

  private static final Set<String> BOS_FIRST =
      Set.of("LlamaTokenizer", "LlamaTokenizerFast", "GemmaTokenizer", "GemmaTokenizerFast");
  private static final Set<String> EOS_LAST = Set.of("T5Tokenizer", "T5TokenizerFast");

  private SentencePieceFolder() {}

  /** The parts of the tokenizer of {@code file}. */
  static TokenizerSpec spec(Path file) {
    JsonNode config = TokenizerFiles.optional(file.resolveSibling("tokenizer_config.json"));
    String kind = config.path("tokenizer_class").asText();
    if (!kind.isEmpty() && !BOS_FIRST.contains(kind) && !EOS_LAST.contains(kind)) {
      throw new TokenizerException(
          "%s: %s changes the ids of its SentencePiece model; put its tokenizer.json beside it"
              .formatted(file, kind));
    }
    GgufVocabulary vocabulary =
        SentencePieceFile.read(
            file.toString(), TokenizerFiles.bytes(file), added(file, config), around(kind, config));
    return GgufJson.spec(vocabulary, TokenizerFiles.beside(file.toAbsolutePath().getParent()));
  }

  private static Map<String, Boolean> around(String kind, JsonNode config) {
    if (EOS_LAST.contains(kind)) {
      return Map.of("add_bos", false, "add_eos", true);
    }
    return BOS_FIRST.contains(kind)
        ? Map.of(
            "add_bos", config.path("add_bos_token").asBoolean(true),
            "add_eos", config.path("add_eos_token").asBoolean(false))
        : Map.of();
  }

  /** From {@code added_tokens_decoder}, else {@code added_tokens.json}. */
  private static List<SentencePieceFile.Added> added(Path file, JsonNode config) {
    List<SentencePieceFile.Added> out = new ArrayList<>();
    config
        .path("added_tokens_decoder")
        .properties()
        .forEach(
            e ->
                out.add(
                    new SentencePieceFile.Added(
                        id(file, e.getKey()),
                        e.getValue().path("content").asText(),
                        e.getValue().path("special").asBoolean())));
    if (out.isEmpty()) {
      TokenizerFiles.optional(file.resolveSibling("added_tokens.json"))
          .properties()
          .forEach(
              e -> out.add(new SentencePieceFile.Added(e.getValue().asInt(), e.getKey(), true)));
    }
    out.sort(Comparator.comparingInt(SentencePieceFile.Added::id));
    return out;
  }

  private static int id(Path file, String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new TokenizerException(
          "%s: key '%s' of added_tokens_decoder is no id"
              .formatted(file.resolveSibling("tokenizer_config.json"), text),
          e);
    }
  }
}
