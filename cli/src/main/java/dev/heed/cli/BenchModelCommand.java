package dev.heed.cli;

import dev.heed.CausalLm;
import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures how fast a model reads a prompt and writes new tokens. */
@Command(
    name = "model",
    description = "Measures reading a prompt (prefill) and writing tokens (decode).",
    footer = {
      "",
      "Examples:",
      "  heed bench model --model model.gguf --prompt-tokens 256 --new-tokens 32 --device cpu --json",
      "",
      "The prompt is random ids. Rates are the medians over --runs, after runs that warm up."
    })
final class BenchModelCommand implements Callable<Integer> {
  private static final int SEED = 1;

  private final Io io;

  @Spec private CommandSpec spec;
  @Mixin private ModelOptions model;
  @Mixin private DeviceOptions device;

  @Option(
      names = "--prompt-tokens",
      paramLabel = "N",
      description = "Tokens of the prompt. Default: 256.")
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

  @Option(names = "--json", description = "Write one JSON object.")
  private boolean json;

  BenchModelCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() throws IOException {
    Usage.atLeast(spec, "--prompt-tokens", promptTokens, 1);
    Usage.atLeast(spec, "--new-tokens", newTokens, 2);
    Usage.atLeast(spec, "--runs", runs, 1);
    Usage.atLeast(spec, "--warm-up", warmUp, 0);
    Path path = model.orBundled("stories");
    ModelWork.Size size = new ModelWork.Size(promptTokens, newTokens);
    int context = Usage.of(spec, size::positions);
    try (Device on = device.open(io);
        DecoderWork work =
            model.loading(io, context, load -> DecoderWork.load(path, on, size, load))) {
      double[] prefill = new double[runs];
      double[] decode = new double[runs];
      try (Progress bar = new Progress(io, "measuring", " runs", 1)) {
        long warm = System.nanoTime() + warmUp * 1_000_000_000L;
        do {
          Interrupt.check();
          work.run(SEED - 1);
        } while (System.nanoTime() - warm < 0);
        for (int run = 0; run < runs; run++) {
          Interrupt.check();
          double[] rates = work.run(SEED + run);
          bar.at(run + 1, runs);
          prefill[run] = rates[0];
          decode[run] = rates[1];
        }
      }
      report(work.lm(), on, path, Spread.of(prefill).median(), Spread.of(decode).median());
    }
    return 0;
  }

  private void report(CausalLm lm, Device on, Path path, double prefill, double decode)
      throws IOException {
    if (!json) {
      io.out()
          .printf(
              Locale.ROOT,
              "prefill %.1f tokens/s, decode %.1f tokens/s, loaded %,d MiB in %.2f s, on %s in %s%n",
              prefill,
              decode,
              lm.weightBytes() >> 20,
              lm.loadSeconds(),
              on.info().id(),
              ComputeTypes.name(lm.compute()));
      return;
    }
    io.out()
        .println(
            Json.object(
                g -> {
                  Json.measure(g, "prefillTokensPerSecond", prefill);
                  Json.measure(g, "decodeTokensPerSecond", decode);
                  Json.measure(g, "loadSeconds", lm.loadSeconds());
                  g.writeNumberField("weightBytes", lm.weightBytes());
                  g.writeNumberField("promptTokens", promptTokens);
                  g.writeNumberField("newTokens", newTokens);
                  g.writeNumberField("runs", runs);
                  g.writeStringField("model", path.toString());
                  g.writeStringField("device", on.info().id());
                  g.writeStringField("compute", ComputeTypes.name(lm.compute()));
                }));
  }
}
