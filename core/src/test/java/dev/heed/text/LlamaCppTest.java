package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ids that llama.cpp makes, without special tokens, of the texts it tests its vocabularies with.
 */
class LlamaCppTest {
  private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

  @ParameterizedTest
  @ValueSource(strings = {"gpt-2", "phi-3", "bert-bge"})
  void idsAreLlamaCpps(String vocabulary) throws IOException {
    String file = "models/tokenizers/llama.cpp/ggml-vocab-" + vocabulary + ".gguf";
    String[] texts = Files.readString(Shared.require(file + ".inp")).split(SEPARATOR, -1);
    // The last text has a separator behind it too, as has the last line of ids an end of line.
    String[] lines = Files.readString(Shared.require(file + ".out")).split("\n", -1);
    assertEquals(46, texts.length - 1);
    assertEquals(46, lines.length - 1);
    List<String> wrong = new ArrayList<>();
    try (Tokenizer tokenizer = Tokenizer.load(Shared.require(file))) {
      for (int i = 0; i < 46; i++) {
        int[] want =
            Arrays.stream(lines[i].trim().split(" "))
                .filter(s -> !s.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray();
        int[] got = tokenizer.encode(texts[i], false);
        if (!Arrays.equals(want, got)) {
          wrong.add(
              "'%s': %s, got %s".formatted(texts[i], Arrays.toString(want), Arrays.toString(got)));
        }
      }
    }
    assertEquals(List.of(), wrong);
  }
}
