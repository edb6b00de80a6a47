package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenerateCommandTest {
  @TempDir private static Path folder;

  @BeforeAll
  static void writeModel() {
    TinyLlama.write(folder);
  }

  private static Cli.Result tiny(String... more) {
    String[] args = new String[more.length + 3];
    args[0] = "generate";
    args[1] = "--model";
    args[2] = folder.toString();
    System.arraycopy(more, 0, args, 3, more.length);
    return Cli.run(args);
  }

  @Test
  void jsonHasTextTokensAndRates() throws IOException {
    JsonNode root =
        tiny("a b", "--max-tokens", "5", "--temperature", "0", "--json", "--device", "cpu").json();
    assertEquals("[3,4]", root.path("promptTokens").toString());
    assertEquals(5, root.path("tokens").size(), root.toString());
    assertEquals("length", root.path("stop").asText());
    assertEquals("cpu", root.path("device").asText());
    assertTrue(root.path("prefillTokensPerSecond").asDouble() > 0, root.toString());
    assertTrue(root.path("decodeTokensPerSecond").asDouble() > 0, root.toString());
    assertTrue(root.path("loadSeconds").asDouble() > 0, root.toString());
  }

  @Test
  void textIsThePromptAndWhatFollows() throws IOException {
    String[] greedy = {"a b", "--max-tokens", "5", "--temperature", "0"};
    String plain = tiny(greedy).ok().out();
    String[] json = {"a b", "--max-tokens", "5", "--temperature", "0", "--json"};
    String text = tiny(json).json().path("text").asText();
    assertEquals("a b" + text + "\n", plain);
    String[] alone = {"a b", "--max-tokens", "5", "--temperature", "0", "--no-echo"};
    assertEquals(text + "\n", tiny(alone).ok().out());
  }

  @Test
  void theSeedDecides() throws IOException {
    String[] line = {"a", "--max-tokens", "12", "--temperature", "2", "--json", "--seed", "1"};
    String first = tiny(line).json().path("tokens").toString();
    assertEquals(first, tiny(line).json().path("tokens").toString());
    line[7] = "2";
    assertNotEquals(first, tiny(line).json().path("tokens").toString());
  }

  @Test
  void aStopIdEndsTheText() throws IOException {
    JsonNode free = tiny("a", "--max-tokens", "9", "--temperature", "0", "--json").json();
    String id = free.path("tokens").path(0).asText();
    JsonNode root = tiny("a", "--temperature", "0", "--json", "--stop-id", id).json();
    assertEquals(0, root.path("tokens").size(), root.toString());
    assertEquals("end", root.path("stop").asText());
  }

  @Test
  void aFullContextEndsTheText() throws IOException {
    JsonNode root = tiny("a b c", "--context", "8", "--temperature", "0", "--json").json();
    assertEquals("context", root.path("stop").asText(), root.toString());
    assertTrue(root.path("tokens").size() >= 5, root.toString());
  }

  @Test
  void stdinIsAPrompt() throws IOException {
    byte[] in = "c d".getBytes(StandardCharsets.UTF_8);
    String model = folder.toString();
    Cli.Result read =
        Cli.runWith(in, "generate", "--model", model, "-", "--temperature", "0", "--json");
    assertEquals("[5,6]", read.json().path("promptTokens").toString());
  }

  @Test
  void aPromptLongerThanTheContextIsOneLine() {
    tiny("a b c d e f g a b", "--context", "8").fails(Main.FAILURE, "9 tokens, the context 8");
  }

  @Test
  void anEmptyPromptIsTheBeginToken() throws IOException {
    JsonNode root = tiny("", "--max-tokens", "1", "--temperature", "0", "--json").json();
    assertEquals("[1]", root.path("promptTokens").toString());
  }

  /** The expected ids and text are llama2.c's own. */
  @Test
  void stories260kTellsItsStory() throws IOException {
    Path model = Cli.shared("models/stories260K/stories260K-f32.gguf");
    JsonNode golden = Cli.JSON.readTree(model.resolveSibling("golden.json").toFile());
    JsonNode root =
        Cli.run(
                "generate",
                "--model",
                model.toString(),
                "--prompt",
                "",
                "--max-tokens",
                "200",
                "--temperature",
                "0",
                "--json")
            .json();
    assertEquals(golden.path("greedy_ids_200"), root.path("tokens"));
    assertEquals(
        golden.path("expected_text_200").asText().strip(), root.path("text").asText().strip());
  }

  /** Models without a tokenizer: the expected ids are Hugging Face's and llama2.c's. */
  @Test
  void promptsMayBeIds() throws IOException {
    Path gpt2 = Cli.shared("models/tiny-gpt2");
    String greedy = "generate --temperature 0 --max-tokens 6 --tokens 0,0,0,52 --model ";
    assertEquals("204,204,204,204,204,204\n", Cli.run((greedy + gpt2).split(" ")).ok().out());
    Path stories = Cli.shared("models/stories260K");
    JsonNode golden = Cli.JSON.readTree(stories.resolve("golden.json").toFile());
    String line = "generate --temperature 0 --max-tokens 200 --json --tokens 1 --model ";
    JsonNode root = Cli.run((line + stories).split(" ")).json();
    assertEquals(golden.path("greedy_ids_200"), root.path("tokens"));
  }

  /** The expected ids are a float64 implementation's over the rounded weights. */
  @ParameterizedTest
  @ValueSource(strings = {"f16", "bf16", "q8_0", "q5_1", "q4_0"})
  void stories260kInOtherTypes(String type) throws IOException {
    Path model = Cli.shared("models/stories260K/stories260K-" + type + ".gguf");
    JsonNode golden = Cli.JSON.readTree(model.resolveSibling("golden-quantized.json").toFile());
    String line = "generate --temperature 0 --max-tokens 100 --json --tokens 1 --model ";
    JsonNode root = Cli.run((line + model).split(" ")).json();
    JsonNode expected = golden.path(model.getFileName().toString()).path("first_100_greedy_ids");
    assertEquals(expected, root.path("tokens"));
  }
}
