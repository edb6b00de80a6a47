package dev.heed.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;

/** Turns a {@link GgufVocabulary} into the {@code tokenizer.json} of the same tokenizer. */
final class GgufJson {
  /** Control tokens that end an answer, whether or not the file says so; llama.cpp's list. */
  private static final Set<String> ENDS =
      Set.of(
          "<|eot_id|>",
          "<|im_end|>",
          "<|end|>",
          "<|return|>",
          "<|call|>",
          "<end_of_turn>",
          "<|endoftext|>",
          "<|end_of_text|>",
          "<|eom_id|>",
          "<EOT>",
          "_<EOT>",
          "<｜end▁of▁sentence｜>");

  private GgufJson() {}

  /** The parts of the tokenizer; the library sees text that is made here. */
  static TokenizerSpec spec(GgufVocabulary v) {
    return spec(v, new SpecialNames());
  }

  /** The same, where other files have named special tokens already. */
  static TokenizerSpec spec(GgufVocabulary v, SpecialNames names) {
    ObjectNode json =
        switch (v.model()) {
          case "gpt2" -> new BytePairJson(v).build();
          case "llama" -> new SentencePieceJson(v).bytePair();
          case "t5" -> new SentencePieceJson(v).unigram();
          case "bert" -> wordPiece(v);
          default ->
              throw new TokenizerException(
                  "%s: tokenizer model '%s' is unknown; Heed reads gpt2, llama, bert and t5"
                      .formatted(v.name(), v.model()));
        };
    if (!json.has("added_tokens")) {
      json.set("added_tokens", added(v));
    }
    return TokenizerSpec.of(v.name(), json, json.toString(), complete(names, v));
  }

  private static SpecialNames complete(SpecialNames names, GgufVocabulary v) {
    v.roles().forEach(names::setId);
    v.eos().forEach(names::addEos);
    if (v.model().equals("bert")) {
      names.setId("sep", 102);
    }
    for (int i = 0; i < v.tokens().size(); i++) {
      if (isMarker(v.type(i)) && ENDS.contains(v.tokens().get(i))) {
        names.addEos(i);
      }
    }
    v.chatTemplate().ifPresent(names::setChatTemplate);
    return names;
  }

  private static boolean isMarker(int type) {
    return type == GgufVocabulary.CONTROL || type == GgufVocabulary.USER_DEFINED;
  }

  /** Control, unknown and user-defined tokens: found in the text before anything else. */
  private static ArrayNode added(GgufVocabulary v) {
    ArrayNode added = Templates.array();
    for (int i = 0; i < v.tokens().size(); i++) {
      int type = v.type(i);
      if ((isMarker(type) || type == GgufVocabulary.UNKNOWN) && !v.tokens().get(i).isEmpty()) {
        added.add(Templates.added(i, v.tokens().get(i), type != GgufVocabulary.USER_DEFINED));
      }
    }
    return added;
  }

  /** GGUF marks the first piece of a word with U+2581 where BERT marks the others with ##. */
  private static ObjectNode wordPiece(GgufVocabulary v) {
    String unk = v.tokens().get(Math.max(0, v.role("unk", 100)));
    String[] tokens = new String[v.tokens().size()];
    for (int i = 0; i < tokens.length; i++) {
      String token = v.tokens().get(i);
      if (token.startsWith("\u2581")) {
        tokens[i] = token.substring(1);
      } else {
        tokens[i] =
            v.type(i) == GgufVocabulary.NORMAL && !isBracketed(token) ? "##" + token : token;
      }
    }
    int cls = v.role("cls", v.role("bos", 101));
    return new WordPieceJson(List.of(tokens))
        .build(true, true, cls, v.role("sep", 102), unk, Integer.MAX_VALUE);
  }

  /** {@code [unused7]} and its like stand for themselves. */
  private static boolean isBracketed(String token) {
    return token.length() > 2 && token.startsWith("[") && token.endsWith("]");
  }
}
