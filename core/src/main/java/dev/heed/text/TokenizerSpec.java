package dev.heed.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a tokenizer is made of, wherever it came from.
 *
 * @param name the file, for messages
 * @param text the {@code tokenizer.json} that the library gets
 * @param vocabulary its tokens
 * @param special roles of tokens
 * @param truncation the longest text its authors use it with, in tokens
 * @param chatTemplate the model's Jinja template
 */
record TokenizerSpec(
    String name,
    String text,
    Vocabulary vocabulary,
    SpecialTokens special,
    OptionalInt truncation,
    Optional<String> chatTemplate) {

  /** Checks and, for old files, completes the parsed {@code json}. */
  static TokenizerSpec of(String name, JsonNode json, String text, SpecialNames names) {
    boolean repaired = TokenizerRepair.repair(name, json);
    Vocabulary vocabulary = new Vocabulary(name, json);
    TokenizerRepair.check(name, json, vocabulary);
    return new TokenizerSpec(
        name,
        repaired ? json.toString() : text,
        vocabulary,
        names.resolve(json, vocabulary),
        truncation(json),
        names.chatTemplate());
  }

  private static OptionalInt truncation(JsonNode json) {
    int max = json.path("truncation").path("max_length").asInt(0);
    return max > 0 ? OptionalInt.of(max) : OptionalInt.empty();
  }

  /** The library's tokenizer. */
  NativeTokenizer open() {
    try {
      return new NativeTokenizer(text);
    } catch (LinkageError e) {
      throw new TokenizerException(
          "the tokenizer library cannot be loaded on this platform: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      throw new TokenizerException(name + ": the tokenizer library refuses it: " + line(e), e);
    }
  }

  private static String line(Throwable e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString());
  }
}
