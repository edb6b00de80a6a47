package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/**
 * The examples of the help run, with small models in place of those they name, files in a folder of
 * their own, and short measurements.
 */
class ExamplesTest {
  private static final Map<String, String> PROPERTIES =
      Map.of(
          "heed.home", Path.of("..").toAbsolutePath().normalize().toString(), "heed.device", "cpu");

  private static final String STORIES = "models/stories";
  private static final String DATES = "models/dates";

  /** Kinds of models, by the names in the examples. */
  private static final Map<String, String> MODELS =
      Map.of(
          "model.gguf", STORIES,
          "Qwen3-0.6B", STORIES,
          "Llama-3.2-1B", STORIES,
          "opus-mt-en-de", DATES,
          "flan-t5-small", DATES);

  private static final List<String> ENCODERS = List.of("all-MiniLM-L6-v2", "e5-small-v2");

  private final Map<String, String> before = new HashMap<>();

  @TempDir private Path folder;

  @BeforeEach
  void setProperties() {
    PROPERTIES.forEach((key, value) -> before.put(key, System.setProperty(key, value)));
  }

  @AfterEach
  void restoreProperties() {
    before.forEach(
        (key, value) -> {
          if (value == null) {
            System.clearProperty(key);
          } else {
            System.setProperty(key, value);
          }
        });
  }

  /** Without those of {@code heed tune}, which search for minutes: TuneCommandTest has shorter. */
  static List<String> examples() {
    return examples(DocumentationTest.line())
        .filter(example -> !example.startsWith("heed tune"))
        .distinct()
        .toList();
  }

  private static Stream<String> examples(CommandLine line) {
    return Stream.concat(
        Stream.of(line.getCommandSpec().usageMessage().footer())
            .map(String::strip)
            .filter(text -> text.startsWith("heed ")),
        line.getSubcommands().values().stream().flatMap(ExamplesTest::examples));
  }

  @ParameterizedTest
  @MethodSource("examples")
  void runs(String example) throws IOException {
    List<String> words = new ArrayList<>();
    for (String word : DocumentationTest.words(example)) {
      words.add(here(word));
    }
    if (example.startsWith("heed attention") && !example.contains("--png")) {
      words.addAll(example.contains("--output") ? List.of() : List.of("--output", file("a.html")));
    }
    if (example.startsWith("heed bench model") || example.startsWith("heed bench compare")) {
      words.addAll(List.of("--runs", "1", "--warm-up", "0"));
    }
    if (example.startsWith("heed bench op")) {
      words.addAll(List.of("--seconds", "0.02"));
    }
    byte[] stdin = "Once upon a time".getBytes(StandardCharsets.UTF_8);
    Cli.Result result = Cli.runWith(stdin, words.toArray(String[]::new));
    assertEquals(0, result.code(), result.err());
    assertFalse(result.out().isEmpty() && !example.contains("--output"), "nothing written");
  }

  private String file(String name) {
    return folder.resolve(name).toString();
  }

  /** What a word of an example stands for here. */
  private String here(String word) throws IOException {
    if (MODELS.containsKey(word)) {
      return Path.of(MODELS.get(word)).toString();
    }
    if (ENCODERS.contains(word)) {
      return Cli.shared("models/all-MiniLM-L6-v2").toString();
    }
    if (word.matches("[a-z]+\\.txt") && !word.equals("translated.txt")) {
      return Files.writeString(folder.resolve(word), "the third of May, 2009\nthe 4th\n")
          .toString();
    }
    return word.matches("[a-z]+\\.(txt|jsonl|html|png|safetensors)") ? file(word) : word;
  }
}
