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
import picocli.CommandLine.Option;

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
  private final Io io;

  @Mixin private ModelOptions model;
  @Mixin private DeviceOptions device;
  @Mixin private WorkOptions work;

  @Option(names = "--json", description = "Write one JSON object.")
  private boolean json;

  BenchModelCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() throws IOException {
    ModelWork.Size size = work.size();
    Path path = model.orBundled("stories");
    try (Device on = device.open(io);
        DecoderWork decoder =
            model.loading(io, 0, load -> DecoderWork.load(path, on, size, load))) {
      double[] prefill = new double[work.runs()];
      double[] decode = new double[work.runs()];
      try (Progress bar = new Progress(io, "measuring", " runs", 1)) {
        work.warm(decoder);
        for (int run = 0; run < work.runs(); run++) {
          double[] rates = work.measure(decoder, run);
          bar.at(run + 1, work.runs());
          prefill[run] = rates[0];
          decode[run] = rates[1];
        }
      }
      report(decoder.lm(), on, path, Spread.of(prefill).median(), Spread.of(decode).median());
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
                  g.writeNumberField("promptTokens", work.size().promptTokens());
                  g.writeNumberField("newTokens", work.size().newTokens());
                  g.writeNumberField("runs", work.runs());
                  g.writeStringField("model", path.toString());
                  g.writeStringField("device", on.info().id());
                  g.writeStringField("compute", ComputeTypes.name(lm.compute()));
                }));
  }
}
