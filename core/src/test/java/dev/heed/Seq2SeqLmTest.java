package dev.heed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.device.Device;
import dev.heed.generate.Convention;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The transliteration of Arabic names, against what CTranslate2's tests expect of it. */
class Seq2SeqLmTest {
  private static Device device;
  private static Seq2SeqLm lm;
  private static JsonNode golden;

  @BeforeAll
  static void load() throws IOException {
    Path folder = Shared.require("models/transliterate-ar-en");
    golden = new ObjectMapper().readTree(folder.resolve("golden.json").toFile());
    device = TestDevice.open();
    lm = Seq2SeqLm.load(folder, device);
  }

  @AfterAll
  static void close() {
    if (lm != null) {
      lm.close();
      device.close();
    }
  }

  private static String text(JsonNode characters) {
    return characters.valueStream().map(JsonNode::asText).collect(Collectors.joining());
  }

  private static int[] ids(JsonNode tokens) {
    return tokens
        .valueStream()
        .mapToInt(t -> lm.tokenizer().targetId(t.asText()).orElseThrow())
        .toArray();
  }

  private static int[] search(JsonNode source, int[] prefix, TranslateOptions options) {
    int[] found =
        lm.search(
                List.of(lm.tokenizer().encodeSource(text(source))),
                prefix,
                options,
                n -> {},
                () -> false)
            .getFirst()
            .getFirst()
            .tokens();
    return Targets.join(prefix, found);
  }

  private static TranslateOptions beams(JsonNode count, Convention convention) {
    return lm.defaults().beams(count.asInt()).convention(convention);
  }

  @ParameterizedTest
  @EnumSource(Convention.class)
  void greedyAndBeams(Convention convention) {
    for (JsonNode c : golden.get("translate")) {
      for (JsonNode beams : c.get("beams")) {
        int[] found = search(c.get("input"), new int[0], beams(beams, convention));
        assertArrayEquals(ids(c.get("expected")), found);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Convention.class)
  void prefixes(Convention convention) {
    for (JsonNode c : golden.get("translate_with_prefix")) {
      for (JsonNode beams : c.get("beams")) {
        int[] found = search(c.get("input"), ids(c.get("prefix")), beams(beams, convention));
        assertArrayEquals(ids(c.get("expected")), found);
      }
    }
  }

  @Test
  void lengths() {
    for (int beams : new int[] {1, 4}) {
      JsonNode c = golden.get("max_decoding_length");
      TranslateOptions options = lm.defaults().beams(beams);
      int max = c.get("max").asInt();
      assertEquals(
          c.get("expected_len").asInt(),
          search(c.get("input"), new int[0], options.maxTokens(max)).length);
      c = golden.get("min_decoding_length");
      int min = c.get("min").asInt();
      assertEquals(
          c.get("expected_len").asInt(),
          search(c.get("input"), new int[0], options.minTokens(min)).length);
    }
  }

  @Test
  void anotherEndToken() {
    JsonNode c = golden.get("end_token");
    int end = lm.tokenizer().targetId(c.get("end_token").asText()).orElseThrow();
    TranslateOptions options = lm.defaults().sampling(Sampling.greedy().stopIds(Set.of(end)));
    assertArrayEquals(ids(c.get("expected")), search(c.get("input"), new int[0], options));
  }

  @Test
  void suppressedSequences() {
    JsonNode c = golden.get("suppress_sequences");
    List<List<Integer>> suppressed = new ArrayList<>();
    c.get("suppress").forEach(s -> suppressed.add(Arrays.stream(ids(s)).boxed().toList()));
    TranslateOptions options =
        lm.defaults().convention(Convention.CTRANSLATE2).suppressed(suppressed);
    assertArrayEquals(ids(c.get("expected")), search(c.get("input"), new int[0], options));
  }

  @Test
  void logProbabilities() {
    double tolerance = golden.get("token_scores").get("abs_diff").asDouble();
    for (JsonNode c : golden.get("token_scores").get("cases")) {
      Translation scored = lm.score(text(c.get("source")), text(c.get("target")));
      assertEquals(c.get("logprobs").size(), scored.logProbs().length);
      for (int i = 0; i < scored.logProbs().length; i++) {
        assertEquals(c.get("logprobs").get(i).asDouble(), scored.logProbs()[i], tolerance);
      }
    }
  }
}
