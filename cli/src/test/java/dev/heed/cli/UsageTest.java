package dev.heed.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Arguments that make no sense end with exit code 2 and one line. */
class UsageTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          nonsense                                       | nonsense
          generate                                       | no prompt
          generate a --prompt b                          | two prompts
          generate a --tokens 1                          | two prompts
          generate --tokens x                            | --tokens
          generate --bogus a                             | --bogus
          generate --max-tokens 0 a                      | max tokens 0
          generate --max-tokens -5 a                     | max tokens -5
          generate --max-tokens many a                   | 'many'
          generate --temperature -1 a                    | temperature -1.0
          generate --temperature NaN a                   | temperature NaN
          generate --top-k -1 a                          | top-k -1
          generate --top-p 0 a                           | top-p 0.0
          generate --top-p 1.5 a                         | top-p 1.5
          generate --min-p 2 a                           | min-p 2.0
          generate --repetition-penalty 0 a              | repetition penalty 0.0
          generate --context 0 a                         | --context 0
          generate --seed x a                            | --seed
          generate --threads 0 --model . a               | --threads 0
          generate --device ../x --model . a             | --device '../x'
          generate --compute f64 --model . a             | 'f64': want f32, f16, bf16 or q8_0
          generate --compute q4_0 --model . a            | --compute
          generate --model                               | --model
          embed --model .                                | no texts
          embed --model . --input x y                    | give one
          embed a                                        | which model
          embed --model . --pooling median a             | --pooling
          translate --model .                            | no texts
          translate --model . --input x y                | give one
          translate --beams 0 a                          | beams 0
          translate --beams 2 --n-best 3 a               | n-best 3
          translate --n-best 0 a                         | n-best 0
          translate --max-tokens 0 a                     | max tokens 0
          translate --max-tokens 3 --min-tokens 4 a      | min tokens 4
          translate --min-tokens -1 a                    | min tokens -1
          translate --length-penalty NaN a               | length penalty NaN
          translate --context 0 a                        | --context 0
          translate --batch 0 a                          | --batch 0
          logits --model . --tokens 1                    | --output
          logits --model . --output x                    | --tokens
          logits --model . --output x --tokens 1,b       | --tokens
          bench model --prompt-tokens 0 --model .        | --prompt-tokens 0
          bench model --new-tokens -1 --model .          | --new-tokens -1
          bench op matmul --m 0                          | --m 0
          bench op matmul --m 4 --dtype q9               | --dtype
          bench op matmul --m 4 --k 100 --dtype q4_k     | 256
          bench op matmul --m 2000000000 --n 2000000000 --k 2000000000 | too large
          bench op matmul --m 4 --dtype i32              | I32
          bench op attention --heads 3 --kv-heads 2      | --kv-heads 2
          bench op attention --queries 4 --keys 2 --causal | --causal
          bench op norm --rows -2                        | --rows -2
          bench op norm --seconds 0                      | --seconds 0
          bench op norm --in-a-row 0                     | --in-a-row 0
          bench op unknown                               | unknown
          """)
  void oneLineAndExitCodeTwo(String line, String part) {
    Cli.run(line.strip().split(" ")).fails(Main.USAGE, part.strip());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "bench", "bench op"})
  void withoutACommandItShowsTheHelpOnStderr(String line) {
    Cli.Result result = Cli.run(line.isEmpty() ? new String[0] : line.split(" "));
    assertEquals(Main.USAGE, result.code());
    assertEquals("", result.out());
    assertTrue(result.err().startsWith("Usage: heed"), result.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "generate",
        "embed",
        "translate",
        "logits",
        "devices",
        "bench",
        "bench model",
        "bench op",
        "bench op matmul",
        "bench op attention",
        "bench op norm",
        "bench op softmax",
        "bench op activate"
      })
  void helpHasExamples(String command) {
    String out = Cli.run((command + " --help").strip().split(" ")).ok().out();
    assertTrue(out.startsWith("Usage: heed " + command), out);
    assertTrue(out.contains("Examples:\n  heed " + command), out);
  }

  /** A sentence says what it is for; the default alone does not. */
  @Test
  void everyOptionIsExplained() {
    assertTrue(explained(DocumentationTest.line()) > 100);
  }

  private static int explained(CommandLine line) {
    int count = 0;
    for (CommandLine.Model.ArgSpec arg : line.getCommandSpec().args()) {
      String text = String.join(" ", arg.description()).replaceFirst("Default: .*", "").strip();
      String what = line.getCommandSpec().qualifiedName() + " " + arg.paramLabel() + ": " + text;
      assertTrue(text.matches("(?s).{6,}[.:].*"), what);
      count++;
    }
    for (CommandLine sub : line.getSubcommands().values()) {
      count += explained(sub);
    }
    return count;
  }

  @Test
  void versionIsTheBuilds() {
    String out = Cli.run("--version").ok().out();
    assertTrue(out.matches("heed \\d+\\.\\d+\\.\\d+(-SNAPSHOT)?\n"), out);
  }

  @Test
  void invalidUtf8OnStdinIsOneLine() {
    byte[] bytes = "caf\u00e9".getBytes(StandardCharsets.ISO_8859_1);
    for (List<String> line :
        List.of(List.of("generate", "-"), List.of("generate", "--prompt", "-"))) {
      Cli.runWith(bytes, line.toArray(String[]::new))
          .fails(Main.FAILURE, "standard input: is not UTF-8");
    }
  }
}
