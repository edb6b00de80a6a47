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
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ids that transformers.js expects of the models whose tokenizer is at hand. */
class TransformersJsTest {
  private static final String EXPECTATIONS = "models/tokenizers/transformers.js/expectations.json";

  /** {@code bos}: the expectation starts with a token that the tokenizer at hand does not add. */
  @ParameterizedTest
  @CsvSource({
    "Xenova/bert-base-uncased, bert-base-uncased, -1",
    "Xenova/distilbert-base-uncased-finetuned-sst-2-english, bert-base-uncased, -1",
    "Xenova/gpt2, gpt2, -1",
    "openai-community/gpt2, gpt2, -1",
    "Xenova/all-distilroberta-v1, roberta-base, -1",
    "Xenova/t5-small, t5-small, -1",
    "google-t5/t5-small, t5-small, -1",
    "Xenova/llama-tokenizer, phi-3-mini, 1",
  })
  void idsAreAsExpected(String model, String folder, int bos) throws IOException {
    JsonNode cases = new ObjectMapper().readTree(Shared.require(EXPECTATIONS).toFile()).path(model);
    assertTrue(cases.size() > 0, model);
    List<String> wrong = new ArrayList<>();
    try (Tokenizer tokenizer = Tokenizer.load(Shared.require("models/tokenizers/" + folder))) {
      for (Map.Entry<String, JsonNode> e : cases.properties()) {
        JsonNode c = e.getValue();
        int[] got = encode(tokenizer, c);
        if (bos >= 0) {
          got = IntStream.concat(IntStream.of(bos), IntStream.of(got)).toArray();
        }
        if (!Arrays.equals(ints(c.path("ids")), got)) {
          wrong.add(e.getKey() + ": " + c + " got " + Arrays.toString(got));
        }
      }
    }
    assertEquals(List.of(), wrong, model);
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
