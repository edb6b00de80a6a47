package dev.heed.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How much work a model is measured by, and how often. */
final class WorkOptions {
  private static final int SEED = 1;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--prompt-tokens",
      paramLabel = "N",
      description = "Tokens of a prompt, text or source. Default: 256.")
  private int promptTokens = 256;

  @Option(names = "--new-tokens", paramLabel = "N", description = "Tokens to write. Default: 32.")
  private int newTokens = 32;

  @Option(names = "--runs", paramLabel = "N", description = "Measured runs. Default: 3.")
  private int runs = 3;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      description =
          "At least so long, and at least once, it runs unmeasured: Java compiles meanwhile."
              + " Default: 5.")
  private int warmUp = 5;

  /**
   * The size of the work.
   *
   * @throws picocli.CommandLine.ParameterException if an option is out of range
   */
  ModelWork.Size size() {
    Usage.atLeast(spec, "--prompt-tokens", promptTokens, 1);
    Usage.atLeast(spec, "--new-tokens", newTokens, 2);
    Usage.atLeast(spec, "--runs", runs, 1);
    Usage.atLeast(spec, "--warm-up", warmUp, 0);
    ModelWork.Size size = new ModelWork.Size(promptTokens, newTokens);
    Usage.of(spec, size::positions);
    return size;
  }

  /** Measured runs. */
  int runs() {
    return runs;
  }

  /** Does work unmeasured, for as long as is asked for. */
  void warm(ModelWork work) {
    long end = System.nanoTime() + warmUp * 1_000_000_000L;
    do {
      Interrupt.check();
      work.run(SEED - 1);
    } while (System.nanoTime() - end < 0);
  }

  /** A measured run, the first being 0: each rate. */
  double[] measure(ModelWork work, int run) {
    Interrupt.check();
    return work.run(SEED + run);
  }
}
