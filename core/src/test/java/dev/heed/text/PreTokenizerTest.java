package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heed.Shared;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PreTokenizerTest {
  /** A tokenizer whose tokens are the pieces that the pre-tokenizer makes. */
  private static Tokenizer splitter(String pre) {
    ObjectNode json = Templates.object();
    json.set("pre_tokenizer", PreTokenizer.of("test", pre).json());
    json.putArray("added_tokens");
    ObjectNode model = json.putObject("model").put("type", "WordLevel").put("unk_token", "?");
    model.putObject("vocab").put("?", 0);
    return Tokenizer.fromJson(pre, json.toString());
  }

  private static List<String> split(Tokenizer splitter, String text) {
    Encoding e = splitter.encodeWithOffsets(text, false);
    List<String> out = new ArrayList<>();
    for (int i = 0; i < e.size(); i++) {
      out.add(text.substring(e.starts()[i], e.ends()[i]));
    }
    return out;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "gpt-2; It|'s|  | 12345| tests|..|  ",
        "llama-bpe; It|'s|  | |123|45| tests|..|  ",
        "qwen2; It|'s|  | |1|2|3|4|5| tests|..|  ",
        "deepseek-v3; It|'s|   |123|45| tests|..|  ",
        "tekken; It|'s|  | |1|2|3|4|5| tests|..|  ",
        "gpt-4o; It's|  | |123|45| tests|..|  ",
        "starcoder; It|'s|   |1|2|3|4|5| tests|..|  ",
        "default; It|'|s|  | |123|45| tests|..|  ",
        "bloom; It's|  | 12345| tests|..|  ",
      })
  void splitsAsTheModelDoes(String pre, String pieces) {
    try (Tokenizer t = splitter(pre)) {
      assertEquals(List.of(pieces.split("\\|")), split(t, pieces.replace("|", "")));
    }
  }

  static Set<String> names() {
    return PreTokenizer.names();
  }

  /** Every expression compiles, and nothing of the text is lost. */
  @ParameterizedTest
  @MethodSource("names")
  void everyOneKeepsTheWholeText(String pre) {
    String text = "Don't  PANIC: x\u00E9 12345 \u4F60\u597D\r\n\n\t\uD83D\uDE00 (a+b)==c; fin  ";
    try (Tokenizer t = splitter(pre)) {
      assertEquals(text, String.join("", split(t, text)));
      assertTrue(split(t, text).size() > 8);
    }
  }

  @Test
  void unknownNamesAreListed() {
    var e = assertThrows(TokenizerException.class, () -> PreTokenizer.of("m.gguf", "nonsense"));
    assertTrue(
        e.getMessage().startsWith("m.gguf: pre-tokenizer 'nonsense' is unknown; Heed knows a.x"),
        e.getMessage());
  }

  /**
   * A token never reaches across two pieces. The judge is what transformers.js expects of models
   * whose vocabulary is not at hand: each end of a piece must be the end of a token.
   */
  @ParameterizedTest
  @CsvSource({
    "llama-bpe, Xenova/llama3-tokenizer, 37",
    "dbrx, Xenova/gpt-4, 4",
    "qwen2, Xenova/Qwen1.5-0.5B-Chat, 25",
    "deepseek-coder, Xenova/deepseek-coder-1.3b-instruct, 37",
    "gpt-4o, Xenova/gpt-4o, 15",
    "bloom, Xenova/bloom-560m, 31",
    "falcon, tiiuae/falcon-7b, 24",
    "starcoder, bigcode/santacoder, 6",
    "gpt-2, huggingface-course/codeparrot-ds, 9",
  })
  void piecesEndWhereTokensEnd(String pre, String model, int cases) throws IOException {
    String file = "models/tokenizers/transformers.js/expectations.json";
    JsonNode all = new ObjectMapper().readTree(Shared.require(file).toFile()).path(model);
    assertEquals(cases, all.size());
    int compared = 0;
    try (Tokenizer t = splitter(pre)) {
      for (JsonNode c : all) {
        String text = c.path("text").asText();
        Set<Integer> tokenEnds = ends(c.path("tokens"));
        if (!tokenEnds.contains(bytes(text))) {
          continue; // special tokens or a normaliser: lengths cannot be compared
        }
        int at = 0;
        for (String piece : split(t, text)) {
          at += bytes(piece);
          assertTrue(tokenEnds.contains(at), c + " has no token that ends '" + piece + "'");
        }
        compared++;
      }
    }
    assertTrue(compared >= 0.7 * cases, compared + " cases compared");
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** In the byte-level alphabet a character is a byte. */
  private static Set<Integer> ends(JsonNode tokens) {
    Set<Integer> out = new TreeSet<>();
    int at = 0;
    for (JsonNode token : tokens) {
      at += token.asText().length();
      out.add(at);
    }
    return out;
  }
}
