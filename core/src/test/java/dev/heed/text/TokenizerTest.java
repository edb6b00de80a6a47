package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
  private static final String VOCAB_TXT =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nplay\n##ing\ncafe\n!\nCafé\n";

  @TempDir Path folder;

  @Test
  void encodesWithoutTruncationOrPadding() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA)) {
      assertArrayEquals(new int[] {263, 262, 259, 261, 262}, t.encode("ab a b a", false));
      assertArrayEquals(new int[] {1, 263, 262, 259, 261, 262}, t.encode("ab a b a", true));
      assertArrayEquals(new int[] {1}, t.encode("", true));
      assertArrayEquals(new int[0], t.encode("", false));
    }
  }

  @Test
  void namesTokensAndRoles() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA)) {
      assertEquals(265, t.vocabularySize());
      assertEquals("▁ab", t.token(263));
      assertEquals(OptionalInt.of(263), t.id("▁ab"));
      assertEquals(OptionalInt.empty(), t.id("zzz"));
      assertEquals(OptionalInt.of(1), t.special().bos());
      assertEquals(Set.of(2), t.special().eos());
      assertEquals(OptionalInt.of(0), t.special().unk());
      assertEquals(OptionalInt.empty(), t.special().mask());
      assertTrue(t.isSpecial(1));
      assertFalse(t.isSpecial(260));
    }
  }

  @Test
  void decodes() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA)) {
      assertEquals("ab a", t.decode(new int[] {1, 263, 262, 2}, true));
      assertEquals("<s> ab a</s>", t.decode(new int[] {1, 263, 262, 2}, false));
      assertEquals("", t.decode(new int[0], true));
    }
  }

  @Test
  void idsOutOfRangeAreNamed() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA)) {
      for (int id : new int[] {-1, 265, Integer.MAX_VALUE}) {
        String message = "id " + id + ": the vocabulary has ids 0 to 264";
        var e =
            assertThrows(
                IllegalArgumentException.class, () -> t.decode(new int[] {260, id}, false));
        assertEquals(message, e.getMessage());
        e = assertThrows(IllegalArgumentException.class, () -> t.token(id));
        assertEquals(message, e.getMessage());
      }
    }
  }

  /** A surrogate without partner is U+FFFD, in UTF-8 the bytes EF BF BD. */
  @Test
  void unpairedSurrogatesAreReplacementCharacters() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA)) {
      int[] replaced = {262, Tiny.idOfByte(0xEF), Tiny.idOfByte(0xBF), Tiny.idOfByte(0xBD), 260};
      assertArrayEquals(replaced, t.encode("a\uFFFDa", false));
      assertArrayEquals(replaced, t.encode("a\uD800a", false));
      assertArrayEquals(replaced, t.encode("a\uDC00a", false));
      int[] both = t.encode("\uD83D\uDE00\uD83D", false);
      assertEquals("\uD83D\uDE00\uFFFD", t.decode(both, false));
      int[] zero = {262, Tiny.idOfByte(0), 260};
      assertArrayEquals(zero, t.encode("a\u0000a", false));
      assertEquals("a\u0000a", t.decode(zero, false));
    }
  }

  @Test
  void offsetsCountCharsOfTheText() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.GPT2)) {
      String text = "b\uD83D\uDE00 aé";
      Encoding e = t.encodeWithOffsets(text, true);
      assertArrayEquals(new int[] {2, 6, 7, 8, 9, 10, 4, 5}, e.ids());
      assertArrayEquals(new int[] {0, 1, 1, 1, 1, 3, 5, 5}, e.starts());
      assertArrayEquals(new int[] {1, 3, 3, 3, 3, 5, 6, 6}, e.ends());
      assertEquals(8, e.size());
    }
  }

  @Test
  void pairsKnowTheirTexts() throws IOException {
    Files.writeString(folder.resolve("vocab.txt"), VOCAB_TXT);
    try (Tokenizer t = Tokenizer.load(folder)) {
      Encoding e = t.encodePair("playing", "cafe!", true);
      assertArrayEquals(new int[] {2, 5, 6, 3, 7, 8, 3}, e.ids());
      assertArrayEquals(new int[] {0, 0, 0, 0, 1, 1, 1}, e.typeIds());
      assertArrayEquals(new int[] {-1, 0, 0, -1, 1, 1, -1}, e.sequences());
      assertArrayEquals(new int[] {0, 0, 4, 0, 0, 4, 0}, e.starts());
      assertArrayEquals(new int[] {0, 4, 7, 0, 4, 5, 0}, e.ends());
    }
  }

  @Test
  void vocabTxtIsWordPiece() throws IOException {
    Files.writeString(folder.resolve("vocab.txt"), VOCAB_TXT);
    try (Tokenizer t = Tokenizer.load(folder)) {
      assertArrayEquals(new int[] {2, 5, 6, 7, 8, 1, 3}, t.encode("Playing Café! zzz", true));
      assertEquals("playing cafe!", t.decode(new int[] {2, 5, 6, 7, 8, 3}, true));
      assertEquals(OptionalInt.of(0), t.special().pad());
      assertEquals(OptionalInt.of(2), t.special().cls());
      assertEquals(OptionalInt.of(3), t.special().sep());
      assertEquals(OptionalInt.of(1), t.special().unk());
      assertEquals(OptionalInt.of(4), t.special().mask());
    }
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"do_lower_case\": false}");
    try (Tokenizer t = Tokenizer.load(folder)) {
      assertArrayEquals(new int[] {9, 7, 1}, t.encode("Café cafe Playing", false));
    }
  }

  @Test
  void sideFilesGiveRolesAndTemplate() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), Tiny.LLAMA);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        """
        {"bos_token": {"content": "a"}, "eos_token": "b", "chat_template": "{{ messages }}"}
        """);
    Files.writeString(
        folder.resolve("generation_config.json"),
        "{\"eos_token_id\": [2, 263, 99999], \"pad_token_id\": 264}");
    try (Tokenizer t = Tokenizer.load(folder)) {
      assertEquals(OptionalInt.of(260), t.special().bos());
      assertEquals(Set.of(2, 263, 261), t.special().eos());
      assertEquals(OptionalInt.of(264), t.special().pad());
      assertTrue(t.chatTemplate().isPresent());
    }
  }

  @Test
  void batchesEqualSingleTextsOnManyThreads() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA)) {
      List<String> texts =
          IntStream.range(0, 500).mapToObj(i -> "ab ".repeat(i % 7) + "é" + i).toList();
      int[][] batch = t.encodeBatch(texts, true);
      for (int i = 0; i < batch.length; i++) {
        assertArrayEquals(t.encode(texts.get(i), true), batch[i]);
      }
      assertEquals(0, t.encodeBatch(Collections.emptyList(), true).length);
    }
  }

  @Test
  void closingTwiceIsHarmlessAndUseAfterwardsIsAnError() {
    Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA);
    t.close();
    t.close();
    var e = assertThrows(IllegalStateException.class, () -> t.encode("a", true));
    assertEquals("the tokenizer is closed", e.getMessage());
  }

  @Test
  void badFilesAreOneLineThatNamesThem() throws IOException {
    Path missing = folder.resolve("none");
    refused(missing, missing + ": no such file or folder; name a model's folder");
    refused(
        folder,
        folder
            + ": no tokenizer.json, vocab.txt, spiece.model or tokenizer.model in this folder;"
            + " copy the model's tokenizer there");
    Path json = folder.resolve("tokenizer.json");
    Files.writeString(json, "{\"model\": ");
    refused(json, json + ": not valid JSON at line 1");
    Files.writeString(json, "{}");
    refused(json, json + ": no \"model\" with a \"vocab\"");
    Files.writeString(json, "[]");
    refused(json, json + ": no \"model\" with a \"vocab\"");
    Files.writeString(json, "");
    refused(json, json + ": ");
    Files.writeString(json, Tiny.LLAMA.replace("\"BPE\"", "\"Magic\""));
    refused(json, json + ": the tokenizer library refuses it: ");
    Files.writeString(json, Tiny.LLAMA.replace("264", "-5"));
    refused(json, json + ": token 'é' has id -5; ids are 0 to ");
    Path vocab = folder.resolve("other.txt");
    Files.writeString(vocab, "just\nwords\n");
    refused(vocab, vocab + ": no line '[UNK]', so this is no WordPiece vocabulary");
  }

  /** Each of these would end the process inside the library. */
  @Test
  void filesThatTheLibraryDiesOfAreRefused() throws IOException {
    Path json = folder.resolve("tokenizer.json");
    Files.writeString(json, Tiny.LLAMA.replace("{\"<s>\": {\"id\"", "{\"x\": {\"id\""));
    refused(json, json + ": the post-processor uses special token '<s>' and does not define it");
    Files.writeString(json, Tiny.LLAMA.replace("\"ids\": [1]", "\"ids\": [1, 2]"));
    refused(json, json + ": special token '<s>' has not as many ids as tokens");
    Files.writeString(json, Tiny.LLAMA.replace("\"ids\": [1]", "\"ids\": [265]"));
    refused(json, json + ": the post-processor adds id 265; the vocabulary has ids 0 to 264");
    Files.writeString(json, Tiny.LLAMA.replace("\"id\": \"A\"", "\"id\": \"B\""));
    refused(json, json + ": the post-processor wants a second text where there is one");
    Files.writeString(json, Tiny.LLAMA.replace("\"stop\": 0", "\"stop\": 1"));
    refused(json, json + ": a decoder that strips the ends of texts (stop) is not supported");
    Files.writeString(
        json,
        Tiny.LLAMA.replace(
            "\"continuing_subword_prefix\": null", "\"continuing_subword_prefix\": \"##\""));
    refused(json, json + ": merge \"▁ a\" does not continue with '##'");
  }

  @Test
  void whatCannotBeEncodedIsAnErrorOfTheTokenizer() {
    String noUnknown = Tiny.GPT2.replace("\"a\": 1,", "").replace("[\"Ġ a\"]", "[]");
    String wordPiece =
        """
        {"added_tokens": [], "model": {"type": "WordPiece", "unk_token": "[UNK]",
         "continuing_subword_prefix": "##", "max_input_chars_per_word": 9, "vocab": {"a": 0}}}
        """;
    try (Tokenizer t = Tokenizer.fromJson("tiny", wordPiece);
        Tokenizer lossy = Tokenizer.fromJson("tiny", noUnknown)) {
      assertArrayEquals(new int[] {0}, t.encode("a", true));
      var e = assertThrows(TokenizerException.class, () -> t.encode("b", true));
      assertTrue(e.getMessage().startsWith("the tokenizer library fails: "), e.getMessage());
      assertArrayEquals(new int[] {2}, lossy.encode("ab", true), "bytes it lacks are left out");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "model.safetensors.index.json", "all-MiniLM.ONNX"})
  void liesBesideTheWeights(String weights, @TempDir Path folder) throws IOException {
    Path file = Files.write(folder.resolve(weights), new byte[] {8, 6});
    refused(file, folder + ": no tokenizer.json, vocab.txt, spiece.model or tokenizer.model in");
    Files.writeString(folder.resolve("tokenizer.json"), Tiny.LLAMA);
    try (Tokenizer t = Tokenizer.load(file)) {
      assertArrayEquals(new int[] {1, 263}, t.encode("ab", true));
    }
  }

  private static void refused(Path path, String start) {
    var e = assertThrows(TokenizerException.class, () -> Tokenizer.load(path));
    assertTrue(e.getMessage().startsWith(start), e.getMessage());
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
  }
}
