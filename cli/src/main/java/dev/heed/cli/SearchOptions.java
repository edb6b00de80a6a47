package dev.heed.cli;

import dev.heed.LoadOptions;
import dev.heed.TranslateOptions;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How targets are searched for; what is not given is as the model's files say. */
final class SearchOptions {
  /** Beams that every model is loaded with room for. */
  private static final int ROOM = 8;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-b", "--beams"},
      paramLabel = "N",
      description =
          "Hypotheses kept at each step; 1: always the likeliest token."
              + " Default: the model's own.")
  private Integer beams;

  @Option(
      names = "--n-best",
      paramLabel = "N",
      description = "Write the N best targets of each source. Default: 1.")
  private Integer nBest;

  @Option(
      names = "--length-penalty",
      paramLabel = "X",
      description =
          "Scores are divided by length^X: 0 prefers short targets, above 1 long ones."
              + " Default: the model's own.")
  private Float lengthPenalty;

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      description = "End after so many tokens. Default: the model's own, else 256.")
  private Integer maxTokens;

  @Option(
      names = "--min-tokens",
      paramLabel = "N",
      description = "No end before so many tokens. Default: the model's own, else 0.")
  private Integer minTokens;

  @Option(names = "--prefix", paramLabel = "TEXT", description = "How each target begins.")
  private String prefix;

  @Option(
      names = {"-c", "--context"},
      paramLabel = "N",
      description = "Tokens of a target to make room for. Default: the model's own, at most 512.")
  private Integer context;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Targets made at once: sources times beams. Default: 8 to 16.")
  private Integer batch;

  /** Finds out early what makes no sense with any model. */
  void check() {
    over(TranslateOptions.greedy().maxTokens(Integer.MAX_VALUE));
    if (context != null) {
      Usage.atLeast(spec, "--context", context, 1);
    }
    if (batch != null) {
      Usage.atLeast(spec, "--batch", batch, 1);
    }
  }

  /** Changes what was given. */
  TranslateOptions over(TranslateOptions model) {
    return Usage.of(
        spec,
        () -> {
          TranslateOptions how = model;
          if (beams != null || nBest != null && nBest > model.search().beams()) {
            how = how.beams(beams != null ? beams : nBest);
          }
          how = nBest == null ? how : how.nBest(nBest);
          how = lengthPenalty == null ? how : how.lengthPenalty(lengthPenalty);
          if (maxTokens != null) {
            how = how.minTokens(Math.clamp(how.minTokens(), 0, Math.max(maxTokens, 0)));
            how = how.maxTokens(maxTokens);
          }
          how = minTokens == null ? how : how.minTokens(minTokens);
          return prefix == null ? how : how.prefix(prefix);
        });
  }

  /** Whether more than one target of a source is wanted. */
  boolean nBest() {
    return nBest != null;
  }

  /** The context asked for; 0 for the model's own. */
  int context() {
    return context == null ? 0 : context;
  }

  /** Makes room for the beams, where more are asked for than there is by itself. */
  LoadOptions load(LoadOptions options) {
    int wanted = Math.max(beams == null ? 1 : beams, nBest == null ? 1 : nBest);
    if (batch == null && wanted <= ROOM) {
      return options;
    }
    return options.sequences(Math.max(batch == null ? 0 : batch, wanted));
  }
}
