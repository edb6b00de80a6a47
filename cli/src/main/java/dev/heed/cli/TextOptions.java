package dev.heed.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Texts, as arguments or lines of a file, and where what is made of them goes. */
final class TextOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Parameters(arity = "0..*", paramLabel = "TEXT", description = "The texts.")
  private List<String> texts = List.of();

  @Option(
      names = {"-i", "--input"},
      paramLabel = "FILE",
      description = "Read one text a line; - is standard input.")
  private String input;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Write there instead of standard output; it appears when it is complete.")
  private Path output;

  /** Makes sure that the texts come from one place, and that the output can be written. */
  void check() {
    if (texts.isEmpty() == (input == null)) {
      throw Usage.error(
          spec,
          texts.isEmpty() ? "no texts: give some, or --input FILE" : "texts and --input: give one");
    }
    if (output != null) {
      OutputFile.requireWritable(output);
    }
  }

  /** The texts from their beginning. */
  TextSource open(Io io) throws IOException {
    return areLines() ? new Texts.Lines(input, io.in()) : TextSource.of(texts);
  }

  /** How many there are; -1 where nobody knows yet. */
  long count() throws IOException {
    if (!areLines()) {
      return texts.size();
    }
    return input.equals("-") ? -1 : Texts.count(Path.of(input));
  }

  /** Whether they are lines of a file, which may be empty. */
  boolean areLines() {
    return input != null;
  }

  /** Where to write; null for standard output. */
  Path output() {
    return output;
  }
}
