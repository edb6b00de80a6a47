package dev.heed.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TextsTest {
  /** Token counts by the tokenizer that LangChain4j's MiniLM brings along. */
  private static int[] tokens(List<String> texts) throws IOException {
    var options = Map.of("padding", "false", "truncation", "false");
    try (var file = TextsTest.class.getResourceAsStream("/all-minilm-l6-v2-tokenizer.json");
        var tokenizer = HuggingFaceTokenizer.newInstance(file, options)) {
      return texts.stream().mapToInt(text -> tokenizer.encode(text).getIds().length).toArray();
    }
  }

  private static void assertLengths(List<String> texts, int count, int least, int mean, int most)
      throws IOException {
    var lengths = Arrays.stream(tokens(texts)).summaryStatistics();
    assertEquals(count, lengths.getCount());
    assertTrue(lengths.getMin() >= least && lengths.getMax() <= most, lengths::toString);
    assertEquals(mean, lengths.getAverage(), 1, lengths::toString);
    assertEquals(count, new HashSet<>(texts).size(), "all different");
  }

  @Test
  void sentencesHaveAbout25Tokens() throws IOException {
    assertLengths(Texts.sentences(), 256, 20, 25, 30);
  }

  @Test
  void passagesHaveAbout250Tokens() throws IOException {
    assertLengths(Texts.passages(), 64, 244, 249, 254);
  }

  @Test
  void everyLengthIsMetExactly() throws IOException {
    for (int length = 8; length <= 130; length++) {
      for (int tokens : tokens(Texts.of(3, length, length, length))) {
        assertEquals(length, tokens);
      }
    }
  }

  @Test
  void theSeedDecides() {
    assertEquals(Texts.of(5, 20, 30, 7), Texts.of(5, 20, 30, 7));
    assertNotEquals(Texts.of(5, 20, 30, 7), Texts.of(5, 20, 30, 8));
  }

  @Test
  void tooShortOrUpsideDownIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Texts.of(1, 7, 9, 1));
    assertThrows(IllegalArgumentException.class, () -> Texts.of(1, 20, 19, 1));
  }
}
