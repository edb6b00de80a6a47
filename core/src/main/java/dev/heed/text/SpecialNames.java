package dev.heed.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Collects what the files beside a tokenizer say about special tokens, most trusted file first, and
 * finds their ids. Where none names a role, the usual spellings among the special tokens decide.
 */
final class SpecialNames {
  private static final Map<String, List<String>> USUAL =
      Map.of(
          "bos", List.of("<s>", "<|begin_of_text|>", "<bos>", "<｜begin▁of▁sentence｜>"),
          "eos",
              List.of("</s>", "<|endoftext|>", "<|end_of_text|>", "<eos>", "<｜end▁of▁sentence｜>"),
          "pad", List.of("<pad>", "[PAD]", "<|finetune_right_pad_id|>"),
          "cls", List.of("[CLS]"),
          "sep", List.of("[SEP]"),
          "unk", List.of("<unk>", "[UNK]"),
          "mask", List.of("[MASK]", "<mask>"));

  private final Map<String, String> names = new HashMap<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final Set<Integer> eos = new LinkedHashSet<>();
  private Optional<String> chatTemplate = Optional.empty();

  /** A {@code tokenizer_config.json} or {@code special_tokens_map.json}. */
  void addTokenNames(JsonNode config) {
    for (String role : USUAL.keySet()) {
      JsonNode token = config.path(role + "_token");
      JsonNode content = token.isObject() ? token.path("content") : token;
      if (content.isTextual()) {
        names.putIfAbsent(role, content.asText());
      }
    }
    addChatTemplate(config.path("chat_template"));
  }

  /** Either the template, or a list of named ones of which {@code default} counts. */
  private void addChatTemplate(JsonNode template) {
    if (template.isTextual()) {
      setChatTemplate(template.asText());
    }
    for (JsonNode named : template) {
      if (named.path("name").asText().equals("default")) {
        setChatTemplate(named.path("template").asText());
      }
    }
  }

  void setChatTemplate(String template) {
    if (chatTemplate.isEmpty()) {
      chatTemplate = Optional.of(template);
    }
  }

  /** A {@code generation_config.json} or {@code config.json}: {@code eos_token_id} and its like. */
  void addTokenIds(JsonNode config) {
    for (String role : List.of("bos", "pad", "sep", "cls", "mask", "unk")) {
      JsonNode id = config.path(role + "_token_id");
      if (id.isIntegralNumber()) {
        setId(role, id.asInt());
      }
    }
    JsonNode ends = config.path("eos_token_id");
    if (ends.isIntegralNumber()) {
      addEos(ends.asInt());
    }
    ends.forEach(id -> addEos(id.asInt()));
  }

  void setId(String role, int id) {
    ids.putIfAbsent(role, id);
  }

  void addEos(int id) {
    eos.add(id);
  }

  Optional<String> chatTemplate() {
    return chatTemplate;
  }

  /** Ids by name first, then by number, then by usual spelling; ids past the end are left out. */
  SpecialTokens resolve(JsonNode json, Vocabulary vocabulary) {
    JsonNode unk = json.path("model").path("unk_token");
    if (unk.isTextual()) {
      names.putIfAbsent("unk", unk.asText());
    }
    JsonNode unkId = json.path("model").path("unk_id");
    if (unkId.isIntegralNumber()) {
      setId("unk", unkId.asInt());
    }
    Set<Integer> ends = new LinkedHashSet<>();
    if (names.containsKey("eos") || eos.isEmpty()) {
      find("eos", vocabulary).ifPresent(ends::add);
    }
    ends.addAll(eos);
    ends.removeIf(id -> id < 0 || id >= vocabulary.size());
    return new SpecialTokens(
        find("bos", vocabulary),
        ends,
        find("pad", vocabulary),
        find("cls", vocabulary),
        find("sep", vocabulary),
        find("unk", vocabulary),
        find("mask", vocabulary));
  }

  private OptionalInt find(String role, Vocabulary vocabulary) {
    String name = names.get(role);
    if (name != null && vocabulary.id(name).isPresent()) {
      return vocabulary.id(name);
    }
    Integer id = ids.get(role);
    if (id != null && id >= 0 && id < vocabulary.size()) {
      return OptionalInt.of(id);
    }
    for (String usual : USUAL.get(role)) {
      OptionalInt found = vocabulary.id(usual);
      if (found.isPresent() && vocabulary.isSpecial(found.getAsInt())) {
        return found;
      }
    }
    return OptionalInt.empty();
  }
}
