package dev.heed.text;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A vocabulary of characters: each code point is a token; longer tokens ({@code <s>}) are special
 * and no text.
 */
final class CharacterVocabulary {
  private final String name;
  private final String[] tokens;
  private final Map<String, Integer> ids = new HashMap<>();
  private final int unknown;
  private final boolean complete;

  private CharacterVocabulary(String name, String[] tokens, int unknown, boolean complete) {
    this.name = name;
    this.tokens = tokens;
    this.unknown = unknown;
    this.complete = complete;
    for (int id = 0; id < tokens.length; id++) {
      ids.put(tokens[id], id);
    }
  }

  /**
   * A JSON file of tokens and their ids.
   *
   * @param unknown the token for characters that are not in it
   * @throws TokenizerException if it is missing or damaged
   */
  static CharacterVocabulary read(Path file, String unknown) {
    String[] tokens = TokenizerFiles.tokens(file);
    int id = List.of(tokens).indexOf(unknown);
    if (id < 0) {
      throw new TokenizerException(
          "%s: no token '%s' for unknown characters".formatted(file, unknown));
    }
    return new CharacterVocabulary(file.toString(), tokens, id, true);
  }

  /**
   * The characters of a text in the order of their ids.
   *
   * @param name for messages
   * @param special so many of them, at the beginning, only hold the place of special tokens
   * @param unknown id for characters that are not in it
   */
  static CharacterVocabulary of(String name, String characters, int special, int unknown) {
    String[] tokens = characters.codePoints().mapToObj(Character::toString).toArray(String[]::new);
    for (int id = 0; id < Math.min(special, tokens.length); id++) {
      tokens[id] = "<" + id + ">";
    }
    return new CharacterVocabulary(name, tokens, unknown, false);
  }

  /** Ids of the characters. */
  int[] encode(String text) {
    return text.codePoints().map(c -> ids.getOrDefault(Character.toString(c), unknown)).toArray();
  }

  /** The character; nothing for a special token or an id past the vocabulary. */
  String text(int id) {
    return id >= tokens.length || tokens[id].codePointCount(0, tokens[id].length()) > 1
        ? ""
        : tokens[id];
  }

  /** The token; nothing for an id past the vocabulary. */
  String token(int id) {
    return id < tokens.length ? tokens[id] : "";
  }

  OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Makes sure that there are as many tokens as vectors, or fewer where special ones have none. */
  void requireFits(String side, int rows) {
    if (tokens.length > rows || complete && tokens.length < rows) {
      throw new TokenizerException(
          "%s has %d tokens, the model's %s embedding %d rows: they are of different models"
              .formatted(name, tokens.length, side, rows));
    }
  }
}
