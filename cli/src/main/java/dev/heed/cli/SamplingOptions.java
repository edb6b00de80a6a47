package dev.heed.cli;

import dev.heed.Sampling;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How tokens are chosen, and when the text ends. */
final class SamplingOptions {
  private static final Sampling DEFAULT = Sampling.creative();

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      description = "End after so many new tokens. Default: 256.")
  private int maxTokens = DEFAULT.maxTokens();

  @Option(
      names = "--temperature",
      paramLabel = "X",
      description = "0: always the likeliest token; higher: more varied. Default: 0.8.")
  private float temperature = DEFAULT.temperature();

  @Option(
      names = "--top-k",
      paramLabel = "N",
      description = "Only the N likeliest tokens. Default: 0, all.")
  private int topK = DEFAULT.topK();

  @Option(
      names = "--top-p",
      paramLabel = "X",
      description = "Only the likeliest tokens of together this probability. Default: 0.95.")
  private float topP = DEFAULT.topP();

  @Option(
      names = "--min-p",
      paramLabel = "X",
      description = "Only tokens at least this fraction as likely as the likeliest. Default: 0.")
  private float minP = DEFAULT.minP();

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      description = "Above 1: seen tokens become less likely. Default: 1.")
  private float repetitionPenalty = DEFAULT.repetitionPenalty();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "The same seed gives the same text. Default: another one each time.")
  private Long seed;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End before this text; \\n is a line end. May be repeated.")
  private List<String> stop = List.of();

  @Option(
      names = "--stop-id",
      paramLabel = "ID",
      description = "End at this token. May be repeated.")
  private Set<Integer> stopIds = Set.of();

  /** The choice; a number out of range is a usage error. */
  Sampling get() {
    return Usage.of(
        spec,
        () ->
            new Sampling(
                temperature,
                topK,
                topP,
                minP,
                repetitionPenalty,
                seed == null ? ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE) : seed,
                maxTokens,
                stop.stream().map(s -> s.replace("\\n", "\n")).toList(),
                stopIds));
  }
}
