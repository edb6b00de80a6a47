package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.Shared;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ids that transformers.js expects of the models whose tokenizer is at hand. */
class TransformersJsTest {
  private static final String EXPECTATIONS = "models/tokenizers/transformers.js/expectations.json";

  /** Same vocabulary as a tokenizer at hand, other rules around it; the reason. */
  private static final Map<String, String> SAME_VOCABULARY_OTHER_RULES =
      Map.of(
          "Xenova/t5-tokenizer-new",
          "does not split at spaces first, so spaces at the end become a token",
          "Xenova/LaMini-Flan-T5-783M",
          "puts a space token behind each special token");

  /** Cases that name special tokens which only the model's own file has. */
  private static final Set<String> NOT_APPLICABLE =
      Set.of("onnx-community/whisper-tiny.en SPECIAL_TOKENS");

  /**
   * {@code before} and {@code after}: tokens that the model puts around the text and the tokenizer
   * at hand, though of the same vocabulary, does not.
   */
  @ParameterizedTest
  @CsvSource({
    "Xenova/bert-base-uncased, bert-base-uncased, '', ''",
    "Xenova/bert-base-uncased, llama.cpp/ggml-vocab-bert-bge.gguf, '', ''",
    "Xenova/distilbert-base-uncased-finetuned-sst-2-english, bert-base-uncased, '', ''",
    "Xenova/gpt2, gpt2, '', ''",
    "Xenova/gpt2, llama.cpp/ggml-vocab-gpt-2.gguf, '', ''",
    "openai-community/gpt2, gpt2, '', ''",
    "tiiuae/falcon-rw-1b, gpt2, '', ''",
    "onnx-community/whisper-tiny.en, gpt2, 50257 50362, 50256",
    "Xenova/all-distilroberta-v1, roberta-base, '', ''",
    "Xenova/t5-small, t5-small, '', ''",
    "Xenova/t5-small, t5-small/spiece.model, '', ''",
    "google-t5/t5-small, t5-small, '', ''",
    "Xenova/llama-tokenizer, phi-3-mini, 1, ''",
    "Xenova/llama-tokenizer, llama.cpp/ggml-vocab-phi-3.gguf, '', ''",
  })
  void idsAreAsExpected(String model, String folder, String before, String after)
      throws IOException {
    JsonNode cases = expectations().path(model);
    assertTrue(cases.size() > 0, model);
    List<String> wrong = new ArrayList<>();
    try (Tokenizer tokenizer = Tokenizer.load(Shared.require("models/tokenizers/" + folder))) {
      for (Map.Entry<String, JsonNode> e : cases.properties()) {
        JsonNode c = e.getValue();
        if (NOT_APPLICABLE.contains(model + " " + e.getKey())) {
          continue;
        }
        int[] got = around(before, encode(tokenizer, c), after);
        if (!Arrays.equals(ints(c.path("ids")), got)) {
          wrong.add(e.getKey() + ": " + c + " got " + Arrays.toString(got));
        }
      }
    }
    assertEquals(List.of(), wrong, model);
  }

  /** Whoever adds a tokenizer to the shared folder finds here what it could be tested with. */
  @Test
  void everyOtherModelLacksItsTokenizer() throws IOException {
    Set<String> models = new TreeSet<>();
    expectations().fieldNames().forEachRemaining(models::add);
    Set<String> tested =
        Set.of(
            "Xenova/bert-base-uncased",
            "Xenova/distilbert-base-uncased-finetuned-sst-2-english",
            "Xenova/gpt2",
            "openai-community/gpt2",
            "tiiuae/falcon-rw-1b",
            "onnx-community/whisper-tiny.en",
            "Xenova/all-distilroberta-v1",
            "Xenova/t5-small",
            "google-t5/t5-small",
            "Xenova/llama-tokenizer");
    assertTrue(models.removeAll(tested));
    assertEquals(62, models.size(), models::toString);
    assertTrue(models.containsAll(SAME_VOCABULARY_OTHER_RULES.keySet()));
  }

  private static JsonNode expectations() throws IOException {
    return new ObjectMapper().readTree(Shared.require(EXPECTATIONS).toFile());
  }

  private static int[] around(String before, int[] ids, String after) {
    return Stream.of(numbers(before), IntStream.of(ids), numbers(after))
        .flatMapToInt(s -> s)
        .toArray();
  }

  private static IntStream numbers(String list) {
    return Stream.of(list.split(" ")).filter(s -> !s.isEmpty()).mapToInt(Integer::parseInt);
  }

  private static int[] encode(Tokenizer tokenizer, JsonNode c) {
    String text = c.path("text").asText();
    return c.has("text_pair")
        ? tokenizer.encodePair(text, c.path("text_pair").asText(), true).ids()
        : tokenizer.encode(text, true);
  }

  static int[] ints(JsonNode ids) {
    return StreamSupport.stream(ids.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}
