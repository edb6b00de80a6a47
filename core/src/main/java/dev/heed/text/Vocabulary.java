package dev.heed.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** The tokens of a {@code tokenizer.json} by id, the added ones included. */
final class Vocabulary {
  private static final int LIMIT = 1 << 24; // ids; a larger one is a broken file

  private final List<String> tokens = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final BitSet special = new BitSet();
  private final BitSet byteFallback = new BitSet();

  /** Reads {@code model.vocab} and {@code added_tokens}; {@code file} is for messages. */
  Vocabulary(String file, JsonNode json) {
    JsonNode vocab = json.path("model").path("vocab");
    if (vocab.isArray()) {
      for (int i = 0; i < vocab.size(); i++) {
        put(file, i, vocab.get(i).path(0).asText());
      }
    } else {
      vocab.properties().forEach(e -> put(file, e.getValue().asLong(-1), e.getKey()));
    }
    for (JsonNode added : json.path("added_tokens")) {
      int id = put(file, added.path("id").asLong(-1), added.path("content").asText());
      special.set(id, added.path("special").asBoolean());
    }
    if (hasByteFallback(json.path("decoder"))) {
      for (int i = 0; i < tokens.size(); i++) {
        byteFallback.set(i, tokens.get(i) != null && tokens.get(i).matches("<0x[0-9A-Fa-f]{2}>"));
      }
    }
  }

  private int put(String file, long id, String token) {
    if (id < 0 || id >= LIMIT) {
      throw new TokenizerException(
          "%s: token '%s' has id %d; ids are 0 to %d".formatted(file, token, id, LIMIT - 1));
    }
    while (tokens.size() <= id) {
      tokens.add(null);
    }
    tokens.set((int) id, token);
    ids.put(token, (int) id);
    return (int) id;
  }

  private static boolean hasByteFallback(JsonNode decoder) {
    if (decoder.path("type").asText().equals("ByteFallback")) {
      return true;
    }
    for (JsonNode d : decoder.path("decoders")) {
      if (hasByteFallback(d)) {
        return true;
      }
    }
    return false;
  }

  /** One more than the highest id. */
  int size() {
    return tokens.size();
  }

  /** The token's own spelling; empty for an id that no token has. */
  String token(int id) {
    if (id < 0 || id >= tokens.size()) {
      throw new IllegalArgumentException(
          "id %d: the vocabulary has ids 0 to %d".formatted(id, tokens.size() - 1));
    }
    String token = tokens.get(id);
    return token == null ? "" : token;
  }

  OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  boolean isSpecial(int id) {
    return special.get(id);
  }

  /** True for {@code <0x0A>} and its like, where the decoder turns them into bytes. */
  boolean isByteFallback(int id) {
    return byteFallback.get(id);
  }
}
