package dev.heed.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Parts that every generated {@code tokenizer.json} has. */
final class Templates {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private Templates() {}

  static ObjectNode object() {
    return NODES.objectNode();
  }

  static ArrayNode array() {
    return NODES.arrayNode();
  }

  /** Puts {@code vocab}: token to id. */
  static void vocabulary(ObjectNode model, List<String> tokens) {
    ObjectNode vocab = model.putObject("vocab");
    for (int i = 0; i < tokens.size(); i++) {
      vocab.put(tokens.get(i), i);
    }
  }

  /** An entry of {@code added_tokens}: found in the text as it stands, before anything else. */
  static ObjectNode added(int id, String content, boolean special) {
    return object()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", special);
  }

  /**
   * A post-processor: {@code first text last}, and for pairs {@code first text last text last}, or
   * {@code first text last first text last} unless {@code shared}. An id of -1 leaves a token out.
   */
  static JsonNode around(List<String> tokens, int first, int last, boolean shared) {
    if (first < 0 && last < 0) {
      return NODES.nullNode();
    }
    ObjectNode template = object().put("type", "TemplateProcessing");
    ArrayNode single = template.putArray("single");
    special(single, tokens, first, 0);
    text(single, "A", 0);
    special(single, tokens, last, 0);
    ArrayNode pair = template.putArray("pair");
    pair.addAll(single);
    if (!shared) {
      special(pair, tokens, first, 1);
    }
    text(pair, "B", 1);
    special(pair, tokens, last, 1);
    ObjectNode used = template.putObject("special_tokens");
    for (int id : new int[] {first, last}) {
      if (id >= 0) {
        ObjectNode token = used.putObject(tokens.get(id)).put("id", tokens.get(id));
        token.putArray("ids").add(id);
        token.putArray("tokens").add(tokens.get(id));
      }
    }
    return template;
  }

  private static void special(ArrayNode out, List<String> tokens, int id, int type) {
    if (id >= 0) {
      out.addObject().putObject("SpecialToken").put("id", tokens.get(id)).put("type_id", type);
    }
  }

  private static void text(ArrayNode out, String which, int type) {
    out.addObject().putObject("Sequence").put("id", which).put("type_id", type);
  }
}
