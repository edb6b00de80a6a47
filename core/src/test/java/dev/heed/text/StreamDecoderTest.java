package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heed.Shared;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamDecoderTest {
  private static List<String> pieces(StreamDecoder decoder, int... ids) {
    List<String> out = new ArrayList<>();
    for (int id : ids) {
      out.add(decoder.feed(id));
    }
    out.add(decoder.finish());
    return out;
  }

  @Test
  void byteTokensWaitForTheEndOfTheirRun() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA)) {
      StreamDecoder decoder = t.streamDecoder(true);
      int[] ids = {1, 263, Tiny.idOfByte(0xC3), Tiny.idOfByte(0xA9), 262, Tiny.idOfByte('\n')};
      assertEquals(List.of("", "ab", "", "", "é a", "", "\n"), pieces(decoder, ids));
      assertEquals(List.of("ab", " a", ""), pieces(decoder, 263, 262), "starts over");
    }
  }

  @Test
  void byteLevelNeverSplitsACharacter() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.GPT2)) {
      StreamDecoder decoder = t.streamDecoder(true);
      assertEquals(
          List.of("a", "", "é", "", "", "", "\uD83D\uDE00", " a", ""),
          pieces(decoder, 1, 4, 5, 6, 7, 8, 9, 10));
      assertEquals(List.of("a", "", "\uFFFDb", ""), pieces(decoder, 1, 4, 2), "broken inside");
      assertEquals(List.of("a", "", "\uFFFD"), pieces(decoder, 1, 6), "broken at the end");
      assertEquals(
          List.of("", "", "", "\uFFFDa", ""), pieces(decoder, 11, 12, 13, 1), "U+FFFD itself");
    }
  }

  @Test
  void continuesBehindAPrompt() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA)) {
      StreamDecoder decoder = t.streamDecoder(true);
      decoder.startAfter(new int[] {1, 263});
      assertEquals(List.of(" a", "b", ""), pieces(decoder, 262, 261));
      decoder.startAfter(new int[] {1});
      assertEquals(List.of("a", "b", ""), pieces(decoder, 262, 261));
      decoder.startAfter(IntStream.range(0, 100).map(i -> 260).toArray());
      assertEquals(List.of(" a", ""), pieces(decoder, 262));
    }
  }

  @Test
  void specialAndForeignIds() {
    try (Tokenizer t = Tokenizer.fromJson("tiny", Tiny.LLAMA)) {
      assertEquals(List.of("a", "", ""), pieces(t.streamDecoder(true), 262, 2));
      assertEquals(List.of("a", "</s>", ""), pieces(t.streamDecoder(false), 262, 2));
      assertEquals(List.of("a", "", "b", ""), pieces(t.streamDecoder(true), 262, 400, 261));
      assertThrows(IllegalArgumentException.class, () -> t.streamDecoder(true).feed(-1));
    }
  }

  /** Random ids break characters in every way; the library's decoding of all ids is the judge. */
  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "phi-3-mini", "bert-base-uncased", "t5-small", "marian-nmt"})
  void piecesOfRandomIdsEqualDecodeOfAll(String folder) {
    try (Tokenizer t = Tokenizer.load(Shared.require("models/tokenizers/" + folder))) {
      Random random = new Random(7);
      for (int round = 0; round < 300; round++) {
        int limit = round % 3 == 0 ? t.vocabularySize() : 300;
        int[] ids = random.ints(1 + random.nextInt(40), 0, limit).toArray();
        check(t, ids, round % 2 == 0);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {Tiny.LLAMA_NAME, Tiny.GPT2_NAME})
  void piecesOfRandomIdsOfTinyTokenizersEqualDecodeOfAll(String name) {
    try (Tokenizer t = Tokenizer.fromJson(name, Tiny.byName(name))) {
      Random random = new Random(11);
      for (int round = 0; round < 500; round++) {
        check(t, random.ints(random.nextInt(30), 0, t.vocabularySize()).toArray(), true);
      }
    }
  }

  private static void check(Tokenizer t, int[] ids, boolean skipSpecial) {
    List<String> pieces = pieces(t.streamDecoder(skipSpecial), ids);
    assertEquals(t.decode(ids, skipSpecial), String.join("", pieces));
    for (String piece : pieces) {
      assertFalse(!piece.isEmpty() && Character.isHighSurrogate(piece.charAt(piece.length() - 1)));
    }
  }
}
