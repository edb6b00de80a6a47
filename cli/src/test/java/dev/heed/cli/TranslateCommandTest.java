package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TranslateCommandTest {
  private static final String NAME = "\u0622\u062a\u0632\u0645\u0648\u0646";

  @TempDir private Path folder;

  private static String names() {
    return Cli.shared("models/transliterate-ar-en").toString();
  }

  /** The expected ids are an independent float64 implementation's. */
  @Test
  void pronounces200Words() throws IOException {
    String model = Cli.shared("models/g2p-bart-us").toString();
    JsonNode golden = Cli.JSON.readTree(Path.of(model, "golden.json").toFile()).path("words");
    List<String> args = new ArrayList<>(List.of("translate", "--model", model, "--json"));
    golden.forEach(word -> args.add(word.path(0).asText()));
    JsonNode found = Cli.run(args.toArray(String[]::new)).json().path("translations");
    assertEquals(200, golden.size());
    for (int i = 0; i < golden.size(); i++) {
      JsonNode word = golden.path(i);
      assertEquals(word.path(2), found.path(i).path("tokens"), word.path(0).asText());
      assertEquals(word.path(3).asText(), found.path(i).path("text").asText());
      assertEquals(word.path(0), found.path(i).path("source"));
    }
  }

  @Test
  void oneTextComesAsItIsMade() {
    assertEquals("atzmon\n", Cli.run("translate", "--model", names(), NAME).ok().out());
    String prefixed =
        Cli.run("translate", "--model", names(), "--prefix", "ats", "--beams", "4", NAME)
            .ok()
            .out();
    assertEquals("atsumon\n", prefixed);
    String greedy = Cli.run("translate", "--model", names(), "--prefix", "ats", NAME).ok().out();
    assertEquals(prefixed, greedy);
  }

  @Test
  void theBestSeveralWithScores() throws IOException {
    String[] args = {"translate", "--model", names(), "--beams", "4", "--n-best", "3", NAME};
    List<String> lines = Cli.run(args).ok().out().lines().toList();
    assertEquals(3, lines.size());
    assertTrue(lines.getFirst().matches("-0\\.\\d{4}\tatzmon"), lines.getFirst());
    args = new String[] {"translate", "--model", names(), "--n-best", "3", "--json", NAME};
    JsonNode root = Cli.run(args).json().path("translations");
    assertEquals(3, root.size());
    for (int i = 1; i < 3; i++) {
      double better = root.path(i - 1).path("score").asDouble();
      assertTrue(better >= root.path(i).path("score").asDouble());
    }
  }

  @Test
  void aFileBecomesAFileOfAsManyLines() throws IOException {
    Path input = folder.resolve("names.txt");
    Files.writeString(input, NAME + "\n\n\u0622\u0632\u0627\n");
    Path output = folder.resolve("latin.txt");
    String[] args = {
      "translate", "--model", names(), "--input", input.toString(), "--output", output.toString()
    };
    assertEquals("", Cli.run(args).ok().out());
    assertEquals(List.of("atzmon", "", "azza"), Files.readAllLines(output));
    byte[] bytes = (NAME + "\n").getBytes(StandardCharsets.UTF_8);
    Cli.Result piped = Cli.runWith(bytes, "translate", "--model", names(), "--input", "-");
    assertEquals("atzmon\n", piped.ok().out());
  }

  @Test
  void lengths() throws IOException {
    for (String beams : List.of("1", "4")) {
      String[] most = {
        "translate", "--model", names(), "--json", "--beams", beams, "--max-tokens", "3", NAME
      };
      assertEquals(3, Cli.run(most).json().path("translations").at("/0/tokens").size());
      String[] least = {
        "translate", "--model", names(), "--json", "--beams", beams, "--min-tokens", "8", NAME
      };
      assertEquals(8, Cli.run(least).json().path("translations").at("/0/tokens").size());
    }
  }

  @Test
  void badInputIsOneLine() throws IOException {
    Cli.run("translate", "--model", names(), "")
        .fails(Main.FAILURE, "the source is empty: give some text");
    Cli.run("translate", "--model", names(), NAME, " ")
        .fails(Main.FAILURE, "source 2 is empty: give some text");
    String words = Cli.shared("models/g2p-bart-us").toString();
    Cli.run("translate", "--model", words, "a".repeat(70))
        .fails(Main.FAILURE, "the source has 72 tokens, the model takes 64: shorten it");
    Cli.run("translate", "--model", words, "--context", "65", "a").fails(Main.FAILURE, "65");
    Cli.run("translate", "--model", Cli.shared("models/tiny-t5").toString(), "hello")
        .fails(Main.FAILURE, "the tokenizer has 32100 tokens, the model's embedding 1024 rows");
    Cli.run("translate", "--model", Cli.shared("models/tiny-gpt2").toString(), "hello")
        .fails(Main.FAILURE, "architecture 'gpt2' is not an encoder-decoder");
  }

  /** The vocabularies of source and target, one for the other. */
  @Test
  void vocabulariesThatDoNotFitAreOneLine() throws IOException {
    Path model = Path.of(names());
    for (String name : List.of("config.json", "model.safetensors")) {
      Files.copy(model.resolve(name), folder.resolve(name));
    }
    Cli.run("translate", "--model", folder.toString(), NAME)
        .fails(Main.FAILURE, "source_vocab.json: no such file");
    Files.copy(model.resolve("source_vocab.json"), folder.resolve("target_vocab.json"));
    Files.copy(model.resolve("target_vocab.json"), folder.resolve("source_vocab.json"));
    Cli.run("translate", "--model", folder.toString(), NAME)
        .fails(
            Main.FAILURE, "source_vocab.json has 43 tokens, the model's source embedding 51 rows");
    Files.writeString(folder.resolve("source_vocab.json"), "{\"<unk>\":0,\"a\":0}");
    Cli.run("translate", "--model", folder.toString(), NAME)
        .fails(Main.FAILURE, "source_vocab.json: token 'a' has id 0; want each of 0 to 1 once");
    Files.writeString(folder.resolve("source_vocab.json"), "[");
    Cli.run("translate", "--model", folder.toString(), NAME)
        .fails(Main.FAILURE, "source_vocab.json: not valid JSON");
  }
}
