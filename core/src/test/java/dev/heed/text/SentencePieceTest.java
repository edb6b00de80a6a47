package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SentencePieceTest {
  private static final int UNIGRAM = 1;
  private static final int BPE = 2;

  @TempDir Path folder;

  private static byte[] model(int kind, SentencePieceBytes trainer) {
    return new SentencePieceBytes()
        .piece("<pad>", 0, 3)
        .piece("</s>", 0, 3)
        .piece("<unk>", 0, 2)
        .piece("▁", -4, 1)
        .piece("a", -5, 1)
        .piece("b", -6, 1)
        .piece("▁a", -3, 1)
        .piece("ab", -1, 1)
        .piece("▁ab", -2, 1)
        .bytes(
            2,
            trainer
                .varint(3, kind)
                .varint(40, 2)
                .varint(41, 0xFFFFFFFFL)
                .varint(42, 1)
                .varint(43, 0)
                .done())
        .done();
  }

  @Test
  void unigram() throws IOException {
    Files.write(folder.resolve("spiece.model"), model(UNIGRAM, new SentencePieceBytes()));
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        """
        {"tokenizer_class": "T5Tokenizer", "eos_token": "</s>", "added_tokens_decoder": {
          "1": {"content": "</s>", "special": true},
          "10": {"content": "<extra_id_0>", "special": true},
          "12": {"content": "[[", "special": false}}}
        """);
    try (Tokenizer t = Tokenizer.load(folder)) {
      assertEquals(13, t.vocabularySize());
      assertArrayEquals(new int[] {8, 10, 6, 12, 8, 1}, t.encode("ab<extra_id_0>a[[ab", true));
      assertEquals("ab a", t.decode(t.encode("  ab  a ", true), true));
      assertEquals(OptionalInt.of(0), t.special().pad());
      assertEquals(OptionalInt.of(2), t.special().unk());
      assertEquals(OptionalInt.empty(), t.special().bos());
      assertEquals(Set.of(1), t.special().eos());
      assertEquals("<unused_9>", t.token(9));
    }
  }

  @Test
  void bytePair() throws IOException {
    Path file = folder.resolve("tokenizer.model");
    Files.write(file, model(BPE, new SentencePieceBytes()));
    try (Tokenizer t = Tokenizer.load(file)) {
      assertArrayEquals(new int[] {8, 6, 4}, t.encode("ab aa", true), "ab first, then ▁ab");
    }
  }

  @Test
  void unsupportedKindsSayWhatToDo() throws IOException {
    Path file = folder.resolve("tokenizer.model");
    Files.write(file, model(3, new SentencePieceBytes()));
    refused(file, ": a SentencePiece model of words or characters; Heed reads Unigram and BPE");
    Files.write(file, model(UNIGRAM, new SentencePieceBytes().varint(24, 1)));
    refused(file, ": writes spaces behind words, which Heed does not read; use tokenizer.json");
    Files.write(file, model(UNIGRAM, new SentencePieceBytes()));
    Files.writeString(
        folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"XLMRobertaTokenizer\"}");
    refused(file, ": XLMRobertaTokenizer changes the ids of its SentencePiece model; put its");
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"added_tokens_decoder\": {\"2000000000\": {\"content\": \"x\"}}}");
    refused(file, ": added token 'x' has id 2000000000, far behind the 9 pieces");
  }

  private static void refused(Path file, String rest) {
    var e = assertThrows(TokenizerException.class, () -> Tokenizer.load(file));
    assertTrue(e.getMessage().startsWith(file + rest), e.getMessage());
  }

  /** Cut off or altered anywhere, a file is refused or read, and nothing else happens. */
  @Test
  void damageIsNoticed() {
    byte[] whole = model(UNIGRAM, new SentencePieceBytes());
    int refused = 0;
    for (int i = 0; i < whole.length; i++) {
      byte[] altered = whole.clone();
      altered[i] ^= (byte) 0xFF;
      for (byte[] bytes : List.of(Arrays.copyOf(whole, i), altered)) {
        try {
          SentencePieceFile.read("x", bytes, List.of(), Map.of());
        } catch (TokenizerException e) {
          assertTrue(e.getMessage().startsWith("x: "), e.getMessage());
          refused++;
        }
      }
    }
    assertTrue(refused > whole.length, refused + " of " + 2 * whole.length);
  }
}
