package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GgufVocabularyTest {
  private static final int NORMAL = GgufVocabulary.NORMAL;
  private static final int UNKNOWN = GgufVocabulary.UNKNOWN;
  private static final int CONTROL = GgufVocabulary.CONTROL;
  private static final int USER = GgufVocabulary.USER_DEFINED;

  private final List<String> tokens = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();
  private final List<Integer> types = new ArrayList<>();

  private int add(String token, double score, int type) {
    tokens.add(token);
    scores.add((float) score);
    types.add(type);
    return tokens.size() - 1;
  }

  private GgufVocabulary vocabulary(
      String model, String pre, List<String> merges, Map<String, Boolean> flags) {
    float[] s = new float[scores.size()];
    for (int i = 0; i < s.length; i++) {
      s[i] = scores.get(i);
    }
    return new GgufVocabulary(
        "test",
        model,
        pre,
        tokens,
        s,
        types.stream().mapToInt(i -> i).toArray(),
        merges,
        Map.of("unk", 0, "bos", 1, "pad", -1),
        Set.of(2),
        flags,
        new byte[0],
        Optional.of("{{ x }}"));
  }

  private void llama() {
    add("<unk>", 0, UNKNOWN);
    add("<s>", 0, CONTROL);
    add("</s>", 0, CONTROL);
    for (int i = 0; i < 256; i++) {
      add("<0x%02X>".formatted(i), 0, GgufVocabulary.BYTE);
    }
    add("▁", -10, NORMAL); // 259
    add("a", -11, NORMAL);
    add("b", -12, NORMAL);
    add("c", -13, NORMAL);
    add("ab", -3, NORMAL); // 263
    add("bc", -2, NORMAL);
    add("abc", -9, NORMAL);
    add("▁a", -4, NORMAL); // 266
    add("▁abc", -1, NORMAL);
    add("<tool>", 0, USER); // 268
  }

  /** bc has the higher score, so it is merged before ab; then a bc gives abc, then ▁abc. */
  @Test
  void sentencePieceMergesByScore() {
    llama();
    try (Tokenizer t = Tokenizer.fromGguf(vocabulary("llama", "default", List.of(), Map.of()))) {
      assertArrayEquals(new int[] {1, 267}, t.encode("abc", true));
      assertArrayEquals(new int[] {266, 259, 263}, t.encode("a ab", false), "ab before ▁a");
      assertArrayEquals(
          new int[] {259, 3 + 0xC3, 3 + 0xA9}, t.encode("é", false), "bytes of what is unknown");
      assertArrayEquals(new int[] {266, 268, 267}, t.encode("a<tool>abc", false));
      assertEquals("a<tool> abc", t.decode(t.encode("a<tool>abc", false), true));
      assertEquals("é abc", t.decode(t.encode("é abc", true), true));
      assertEquals(Set.of(2), t.special().eos());
      assertEquals(OptionalInt.empty(), t.special().pad());
      assertFalse(t.isSpecial(268));
      assertTrue(t.isSpecial(2));
      assertTrue(t.chatTemplate().isPresent());
    }
  }

  @Test
  void flagsDecideWhatGoesAround() {
    llama();
    var flags = Map.of("add_space_prefix", false, "add_bos", false, "add_eos", true);
    try (Tokenizer t = Tokenizer.fromGguf(vocabulary("llama", "default", List.of(), flags))) {
      assertArrayEquals(new int[] {265, 2}, t.encode("abc", true));
      assertEquals(" abc", t.decode(t.encode(" abc", true), true));
    }
  }

  @Test
  void bytePairsMergeInOrder() {
    add("<unk>", 0, NORMAL);
    add("<|begin|>", 0, CONTROL);
    add("<|im_end|>", 0, CONTROL);
    for (String token : List.of("a", "b", "c", "Ġ", "ab", "bc", "Ġab", "abc", "1", "2")) {
      add(token, 0, NORMAL);
    }
    List<String> merges = List.of("a b", "b c", "Ġ ab", "x y");
    try (Tokenizer t = Tokenizer.fromGguf(vocabulary("gpt2", "qwen2", merges, Map.of()))) {
      assertArrayEquals(new int[] {7, 5, 9, 5}, t.encode("abc abc", true));
      assertArrayEquals(new int[] {11, 12, 2}, t.encode("12<|im_end|>", true));
      assertEquals(Set.of(2), t.special().eos());
      assertEquals("abc abc", t.decode(t.encode("abc abc", true), true));
    }
    try (Tokenizer t = Tokenizer.fromGguf(vocabulary("gpt2", "llama-bpe", merges, Map.of()))) {
      assertArrayEquals(new int[] {1, 10, 9, 5}, t.encode("abc abc", true), "a token as it stands");
    }
  }

  /** The best of ▁ab c (-3), ▁a bc (-5) and ▁ ab c (-7). */
  @Test
  void unigramTakesTheMostProbableDivision() {
    add("<unk>", 0, UNKNOWN);
    add("<pad>", 0, CONTROL);
    add("</s>", 0, CONTROL);
    add("▁", -4, NORMAL);
    add("▁ab", -2, NORMAL);
    add("▁a", -2, NORMAL);
    add("bc", -3, NORMAL);
    add("ab", -2, NORMAL);
    add("c", -1, NORMAL);
    try (Tokenizer t = Tokenizer.fromGguf(vocabulary("t5", "default", List.of(), Map.of()))) {
      assertArrayEquals(new int[] {4, 8, 2}, t.encode("abc", true));
      assertArrayEquals(new int[] {4, 8, 5, 2}, t.encode("  abc   a ", true));
      assertArrayEquals(new int[] {3, 0, 8}, t.encode("zzc", false), "one unknown for zz");
      assertEquals("abc a", t.decode(t.encode("abc a", true), true));
    }
  }

  @Test
  void wordPieceMarksTheFirstPiece() {
    for (String token : List.of("[UNK]", "[CLS]", "[SEP]")) {
      add(token, 0, CONTROL);
    }
    for (String token : List.of("▁play", "ing", "▁!", "[unused1]")) {
      add(token, 0, NORMAL);
    }
    GgufVocabulary v = vocabulary("bert", "default", List.of(), Map.of());
    GgufVocabulary named =
        new GgufVocabulary(
            v.name(),
            v.model(),
            v.pre(),
            v.tokens(),
            v.scores(),
            v.types(),
            v.merges(),
            Map.of("unk", 0, "cls", 1, "sep", 2),
            v.eos(),
            v.flags(),
            v.charsMap(),
            v.chatTemplate());
    try (Tokenizer t = Tokenizer.fromGguf(named)) {
      assertArrayEquals(new int[] {1, 3, 4, 5, 0, 2}, t.encode("Playing! ing", true));
      assertEquals(OptionalInt.of(1), t.special().cls());
      assertEquals("playing!", t.decode(t.encode("PLAYING!", true), true));
    }
  }

  @Test
  void badVocabulariesAreOneLine() {
    llama();
    refused("test: tokenizer model 'rwkv' is unknown; Heed reads gpt2, llama, bert and t5", "rwkv");
    refused("test: a gpt2 vocabulary without tokenizer.ggml.merges", "gpt2");
    scores.clear();
    refused("test: a llama vocabulary without tokenizer.ggml.scores", "llama");
    scores.add(1f);
    refused("test: 269 tokens, 1 scores and 269 types; there must be as many of each", "llama");
    tokens.clear();
    refused("test: 0 tokens; a vocabulary has 1 to", "llama");
  }

  private void refused(String start, String model) {
    var e =
        assertThrows(
            TokenizerException.class,
            () -> Tokenizer.fromGguf(vocabulary(model, "default", List.of(), Map.of())));
    assertTrue(e.getMessage().startsWith(start), e.getMessage());
  }
}
