package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heed.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MarianTokenizerTest {
  @TempDir Path folder;

  /** T5's pieces under other ids, as Marian numbers its pieces: the published ids, renumbered. */
  @Test
  void publishedIdsRenumbered() throws IOException {
    Path spm = Shared.require("models/tokenizers/t5-small/spiece.model");
    JsonNode cases =
        new ObjectMapper()
            .readTree(
                Shared.require("models/tokenizers/transformers.js/expectations.json").toFile())
            .get("Xenova/t5-small");
    int n = 32000;
    try (Tokenizer t5 = Tokenizer.load(spm)) {
      ObjectNode vocabulary = new ObjectMapper().createObjectNode();
      for (int id = 0; id < n; id++) {
        vocabulary.put(t5.token(id), n - 1 - id);
      }
      Files.writeString(folder.resolve("vocab.json"), vocabulary.toString());
      Files.copy(spm, folder.resolve("source.spm"));
      Files.copy(spm, folder.resolve("target.spm"));
      try (MarianTokenizer marian = MarianTokenizer.load(folder)) {
        int tried = 0;
        for (JsonNode c : cases) {
          int[] ids = TransformersJsTest.ints(c.get("ids"));
          int[] renumbered = IntStream.of(ids).map(id -> n - 1 - id).toArray();
          if (IntStream.of(ids).allMatch(id -> id < n) && !c.has("text_pair")) {
            String text = c.get("text").asText();
            assertArrayEquals(renumbered, marian.encodeSource(text), text);
            assertEquals(t5.decode(ids, true), marian.decodeTarget(renumbered), text);
            tried++;
          }
        }
        assertTrue(tried > 20, tried + " texts");
      }
    }
  }

  /** Two vocabularies of pieces; ids that are neither's own; a language code; unknown letters. */
  @Test
  void idsAreTheVocabularys() throws IOException {
    write("\u2581a", "b", "\u2581");
    Files.writeString(
        folder.resolve("vocab.json"),
        """
        {"</s>":0,"<unk>":1,"\u2581a":2,"b":3,">>fra<<":4,"\u00e9":5,"\u2581":6,"\u2581x":7,"<pad>":8}
        """);
    try (MarianTokenizer t = MarianTokenizer.load(folder)) {
      assertArrayEquals(new int[] {2, 3, 0}, t.encodeSource("ab"));
      assertArrayEquals(new int[] {4, 2, 0}, t.encodeSource(">>fra<< a"));
      assertArrayEquals(new int[] {1, 2, 0}, t.encodeSource(">>deu<<a"), "an unknown language");
      assertArrayEquals(new int[] {6, 5, 0}, t.encodeSource("\u00e9"), "of the other language");
      assertArrayEquals(new int[] {6, 1, 0}, t.encodeSource("q"));
      assertEquals("ab x", t.decodeTarget(new int[] {8, 2, 3, 7, 0}));
      assertEquals(4, t.targetId(">>fra<<").getAsInt());
      t.requireFits(9, 10);
      var e = assertThrows(TokenizerException.class, () -> t.requireFits(8, 10));
      assertEquals(
          folder.resolve("vocab.json")
              + " has 9 tokens, the model's source embedding 8 rows: they are of different models",
          e.getMessage());
    }
  }

  @Test
  void missingPartsAreNamed() throws IOException {
    write("a");
    Files.writeString(folder.resolve("vocab.json"), "{\"</s>\":0,\"a\":1}");
    var e = assertThrows(TokenizerException.class, () -> MarianTokenizer.load(folder));
    assertEquals(folder.resolve("vocab.json") + ": no token '<unk>'", e.getMessage());
    Files.delete(folder.resolve("vocab.json"));
    e = assertThrows(TokenizerException.class, () -> MarianTokenizer.load(folder));
    assertEquals(folder.resolve("vocab.json") + ": no such file", e.getMessage());
  }

  private void write(String... pieces) throws IOException {
    byte[] spm = SentencePieceBytes.unigram(pieces);
    Files.write(folder.resolve("source.spm"), spm);
    Files.write(folder.resolve("target.spm"), spm);
  }
}
