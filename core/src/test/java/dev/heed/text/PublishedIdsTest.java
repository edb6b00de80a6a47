package dev.heed.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heed.Shared;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Ids and texts from ONNX Runtime's, torchtext's and llama2.c's tests. */
class PublishedIdsTest {
  private static final String TOKENIZERS = "models/tokenizers/";
  private static final String STORIES = "models/stories260K/";

  /**
   * Llama's vocabulary, without the bos token that Phi-3's own file does not add. The other three
   * models of the file cannot be compared:
   *
   * <ul>
   *   <li>xlm-r-mpnet: its tokenizer is not in the shared folder;
   *   <li>t5-small: expects the space before {@code <extra_id_0>} as a token, which the {@code
   *       tokenizer.json} at hand drops (transformers.js expects it dropped, and that passes);
   *   <li>marian-nmt: expects Marian's fork of SentencePiece, which writes case as letters of its
   *       own and spaces behind words; the {@code tokenizer.json} at hand cannot say either.
   * </ul>
   */
  @Test
  void onnxRuntimeExtensions() throws IOException {
    JsonNode cases = json(TOKENIZERS + "ortx_expectations.json").path("phi-3-mini");
    assertEquals(1, cases.size());
    JsonNode c = cases.get(0);
    try (Tokenizer t = Tokenizer.load(Shared.require(TOKENIZERS + "phi-3-mini"))) {
      int[] got = t.encode(c.path("text").asText(), true);
      assertArrayEquals(
          TransformersJsTest.ints(c.path("ids")),
          IntStream.concat(IntStream.of(1), IntStream.of(got)).toArray());
    }
    String gguf = TOKENIZERS + "llama.cpp/ggml-vocab-phi-3.gguf";
    try (Tokenizer t = Tokenizer.load(Shared.require(gguf))) {
      assertArrayEquals(
          TransformersJsTest.ints(c.path("ids")), t.encode(c.path("text").asText(), true));
    }
  }

  /** 598 characters, in spite of {@code truncation.max_length} 50 in the file. */
  @Test
  void gpt2TextOfSomeLength() throws IOException {
    JsonNode c = json(TOKENIZERS + "gpt2/encoded_tokens.json");
    try (Tokenizer t = Tokenizer.load(Shared.require(TOKENIZERS + "gpt2"))) {
      int[] ids = TransformersJsTest.ints(c.path("token_ids"));
      assertArrayEquals(ids, t.encode(c.path("text").asText(), true));
      assertEquals(c.path("text").asText(), t.decode(ids, true));
    }
  }

  @Test
  void storiesFromGguf() throws IOException {
    JsonNode golden = json(STORIES + "golden.json");
    int[] ids = TransformersJsTest.ints(golden.path("greedy_ids_200"));
    String text = golden.path("expected_text_200").asText();
    try (Tokenizer t = Tokenizer.load(Shared.require(STORIES + "stories260K-f32.gguf"))) {
      assertEquals(OptionalInt.of(1), t.special().bos());
      assertEquals(Set.of(2), t.special().eos());
      assertArrayEquals(new int[] {1}, t.encode("", true));
      assertEquals(text, t.decode(ids, true));
      assertEquals(text, t.decode(t.encode(text, true), true));
      StreamDecoder stream = t.streamDecoder(true);
      List<String> pieces = new ArrayList<>();
      IntStream.of(ids).forEach(id -> pieces.add(stream.feed(id)));
      assertEquals(text, String.join("", pieces) + stream.finish());
      assertEquals(List.of("Once", " upon"), pieces.subList(0, 2));
    }
  }

  private static JsonNode json(String file) throws IOException {
    return new ObjectMapper().readTree(Shared.require(file).toFile());
  }
}
