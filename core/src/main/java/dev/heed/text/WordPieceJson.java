package dev.heed.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * The {@code tokenizer.json} of BERT's tokenizer for a list of tokens: BERT's normaliser, splitting
 * at spaces and punctuation, WordPiece, and {@code [CLS] text [SEP]}.
 *
 * <p>Source: Devlin et al., "BERT", and the reference tokenizer that came with it.
 */
final class WordPieceJson {
  private final List<String> tokens;
  private final ObjectNode json = Templates.object();

  /** Continuations in {@code tokens} start with {@code ##}. */
  WordPieceJson(List<String> tokens) {
    this.tokens = tokens;
  }

  /**
   * The tree.
   *
   * @param lowerCase folds case, and accents with it, as {@code do_lower_case} asks
   * @param cls id of the token in front, -1 for none
   * @param sep id of the token behind, -1 for none
   * @param unk what stands for an unknown word
   * @param maxWord characters of a word; a longer one is unknown
   */
  ObjectNode build(
      boolean lowerCase, boolean chineseChars, int cls, int sep, String unk, int maxWord) {
    json.put("version", "1.0");
    json.set("added_tokens", added(List.of("[PAD]", unk, "[CLS]", "[SEP]", "[MASK]")));
    json.putObject("normalizer")
        .put("type", "BertNormalizer")
        .put("clean_text", true)
        .put("handle_chinese_chars", chineseChars)
        .put("lowercase", lowerCase)
        .putNull("strip_accents");
    json.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
    json.set("post_processor", Templates.around(tokens, cls, sep, true));
    json.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
    ObjectNode model =
        json.putObject("model")
            .put("type", "WordPiece")
            .put("unk_token", unk)
            .put("continuing_subword_prefix", "##")
            .put("max_input_chars_per_word", maxWord);
    Templates.vocabulary(model, tokens);
    return json;
  }

  private ArrayNode added(List<String> names) {
    ArrayNode added = Templates.array();
    names.stream()
        .distinct()
        .filter(tokens::contains)
        .forEach(name -> added.add(Templates.added(tokens.indexOf(name), name, true)));
    return added;
  }
}
