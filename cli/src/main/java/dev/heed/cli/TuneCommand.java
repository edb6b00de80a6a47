package dev.heed.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.heed.device.Device;
import dev.heed.device.Tuner;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Times the numbers in a device's kernels, and stores the best for this device. */
@Command(
    name = "tune",
    description = {
      "Times the tile and group sizes of a device's kernels and stores the fastest, which are used",
      "from then on. Without --model: on shapes of MiniLM and of a Llama of 1.1 B."
    },
    footer = {
      "",
      "Examples:",
      "  heed tune --device opencl:0",
      "  heed tune --device opencl:0 --model model.gguf --json",
      "",
      "Only OpenCL devices have such numbers. 'heed devices' says where a device's are from."
    })
final class TuneCommand implements Callable<Integer> {
  private final Io io;

  @Spec private CommandSpec spec;
  @Mixin private ModelOptions model;
  @Mixin private DeviceOptions device;

  @Option(
      names = "--candidates",
      paramLabel = "N",
      description = "Tries at most so many for each kind of kernel. Default: 40.")
  private int candidates = 40;

  @Option(names = "--json", description = "Write one JSON object.")
  private boolean json;

  TuneCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() throws IOException {
    Usage.atLeast(spec, "--candidates", candidates, 1);
    try (Device on = device.open(io)) {
      Tuner tuner =
          on.tuner()
              .orElseThrow(
                  () ->
                      Usage.error(
                          spec,
                          "%s has nothing to tune, OpenCL devices have: give --device opencl:0"
                              .formatted(on.info().id())));
      try (Arena arena = Arena.ofShared()) {
        Path path = model.given().orElse(null);
        List<Tuner.Work> work =
            path == null ? TuningWork.usual(on, arena) : TuningWork.of(path, model, io, on, arena);
        report(on, tune(tuner, work));
      }
    }
    return 0;
  }

  private Tuner.Result tune(Tuner tuner, List<Tuner.Work> work) throws IOException {
    try (Progress bar = new Progress(io, "tuning", "", 1)) {
      return tuner.tune(
          work,
          candidates,
          (done, all, kernels) -> {
            Interrupt.check();
            bar.at(done, all, kernels);
          });
    }
  }

  private void report(Device on, Tuner.Result result) throws IOException {
    if (json) {
      io.out().println(Json.object(g -> write(g, on, result)));
      return;
    }
    for (Tuner.Choice c : result.choices()) {
      io.out()
          .printf(
              Locale.ROOT,
              "%-10s %s, %.2fx as fast as %s (%.1f, %.1f ms), %d tried%n",
              c.kernels(),
              text(c.chosen()),
              c.millisBefore() / c.millisChosen(),
              c.before().equals(c.chosen()) ? "before" : text(c.before()),
              c.millisChosen(),
              c.millisBefore(),
              c.tried());
      c.skipped().forEach(s -> io.out().println("           skipped " + s));
    }
    io.out()
        .println(
            result
                .file()
                .map(f -> "stored for " + on.info().id() + " in " + f)
                .orElse("nothing is stored: " + on.info().id() + " has no cache folder"));
  }

  private static String text(Map<String, Integer> values) {
    return values.entrySet().stream()
        .map(e -> e.getKey() + "=" + e.getValue())
        .collect(Collectors.joining(" "));
  }

  private static void write(JsonGenerator g, Device on, Tuner.Result result) throws IOException {
    g.writeStringField("device", on.info().id());
    g.writeStringField("name", on.info().name());
    g.writeArrayFieldStart("choices");
    for (Tuner.Choice c : result.choices()) {
      g.writeStartObject();
      g.writeStringField("kernels", c.kernels());
      values(g, "before", c.before());
      values(g, "chosen", c.chosen());
      Json.measure(g, "millisBefore", c.millisBefore());
      Json.measure(g, "millisChosen", c.millisChosen());
      g.writeNumberField("tried", c.tried());
      g.writeArrayFieldStart("skipped");
      for (String s : c.skipped()) {
        g.writeString(s);
      }
      g.writeEndArray();
      g.writeEndObject();
    }
    g.writeEndArray();
    g.writeStringField("file", result.file().map(Path::toString).orElse(null));
  }

  private static void values(JsonGenerator g, String name, Map<String, Integer> values)
      throws IOException {
    g.writeObjectFieldStart(name);
    for (Map.Entry<String, Integer> e : values.entrySet()) {
      g.writeNumberField(e.getKey(), e.getValue());
    }
    g.writeEndObject();
  }
}
