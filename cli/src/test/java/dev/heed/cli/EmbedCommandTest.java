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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbedCommandTest {
  @TempDir private Path folder;

  private static String miniLm() {
    return Cli.shared("models/all-MiniLM-L6-v2").toString();
  }

  /** The expected vectors are ONNX Runtime's. */
  @Test
  void aFileBecomesLinesOfVectors() throws IOException {
    String model = miniLm();
    JsonNode golden = Cli.JSON.readTree(Cli.shared("golden/minilm.json").toFile());
    Path input = folder.resolve("texts.txt");
    List<String> texts = new ArrayList<>();
    golden.forEach(g -> texts.add(g.path("text").asText()));
    Files.write(input, texts);
    Path output = folder.resolve("vectors.jsonl");
    Cli.run("embed", "--model", model, "--input", input.toString(), "--output", output.toString())
        .ok();
    List<String> lines = Files.readAllLines(output);
    assertEquals(golden.size(), lines.size());
    for (int i = 0; i < lines.size(); i++) {
      JsonNode line = Cli.JSON.readTree(lines.get(i));
      assertEquals(golden.path(i).path("text"), line.path("text"));
      double cosine = cosine(golden.path(i).path("embedding"), line.path("vector"));
      assertTrue(cosine >= 0.999999, texts.get(i) + ": cosine " + cosine);
    }
    assertEquals(List.of("texts.txt", "vectors.jsonl"), names());
  }

  @Test
  void argumentsBecomeOneDocument() throws IOException {
    JsonNode root =
        Cli.run("embed", "--model", miniLm(), "--json", "river bank", "savings bank").json();
    assertEquals(2, root.path("embeddings").size());
    assertEquals("savings bank", root.path("embeddings").path(1).path("text").asText());
    assertEquals(384, root.path("embeddings").path(0).path("vector").size());
    assertEquals(384, root.path("dimension").asInt());
  }

  @Test
  void normalizationCanBeSwitchedOff() throws IOException {
    String model = miniLm();
    JsonNode unit = Cli.run("embed", "--model", model, "--normalize", "bank").json();
    JsonNode raw = Cli.run("embed", "--model", model, "--no-normalize", "bank").json();
    double length = Math.sqrt(dot(unit.path("vector"), unit.path("vector")));
    assertEquals(1, length, 1e-5);
    assertTrue(Math.abs(dot(raw.path("vector"), raw.path("vector")) - 1) > 0.1);
    assertEquals(1, cosine(unit.path("vector"), raw.path("vector")), 1e-6);
  }

  @Test
  void badInputLeavesTheOldFile() throws IOException {
    String model = miniLm();
    Path input = folder.resolve("latin1.txt");
    Files.write(input, "fine\ncaf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
    Path output = folder.resolve("vectors.jsonl");
    Files.writeString(output, "old");
    Cli.run("embed", "--model", model, "--input", input.toString(), "--output", output.toString())
        .fails(Main.FAILURE, "latin1.txt (near line 1): is not UTF-8");
    assertEquals("old", Files.readString(output));
    assertEquals(List.of("latin1.txt", "vectors.jsonl"), names());
  }

  @Test
  void filesThatAreNotThereAreOneLine() {
    String model = TinyLlama.write(folder).toString();
    String absent = folder.resolve("absent.txt").toString();
    Cli.run("embed", "--model", model, "--input", absent)
        .fails(Main.FAILURE, "absent.txt: no such file");
    Cli.run("embed", "--model", model, "--input", model).fails(Main.FAILURE, "is a folder");
    Cli.run("embed", "--model", absent, "text").fails(Main.FAILURE, "absent.txt: no such file");
  }

  @Test
  void aTextGeneratorIsNoEncoder() {
    String model = TinyLlama.write(folder).toString();
    Cli.run("embed", "--model", model, "text")
        .fails(Main.FAILURE, "architecture 'llama' is not a text encoder; those are bert");
  }

  private static double dot(JsonNode a, JsonNode b) {
    assertEquals(a.size(), b.size());
    double sum = 0;
    for (int i = 0; i < a.size(); i++) {
      sum += a.path(i).asDouble() * b.path(i).asDouble();
    }
    return sum;
  }

  private static double cosine(JsonNode a, JsonNode b) {
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }
}
