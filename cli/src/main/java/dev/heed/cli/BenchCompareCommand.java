package dev.heed.cli;

import dev.heed.cli.Comparison.Difference;
import dev.heed.cli.Comparison.Result;
import dev.heed.device.ComputeTypes;
import dev.heed.device.Device;
import dev.heed.device.DeviceProvider.Discovery;
import dev.heed.device.Devices;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Does the same work on all devices, in turns, and compares speed and numbers. */
@Command(
    name = "compare",
    description = "Compares devices: the same model and the same work on each, in turns.",
    footer = {
      "",
      "Examples:",
      "  heed bench compare --model model.gguf",
      "  heed bench compare --model all-MiniLM-L6-v2 --devices cpu,cuda --output report.html",
      "",
      "Text generators read random ids and write; sentence encoders read texts; encoder-decoders",
      "write targets. Numbers are compared with those of the first device."
    })
final class BenchCompareCommand implements Callable<Integer> {
  private static final int SEED = 1;

  private final Io io;

  @Spec private CommandSpec spec;
  @Mixin private ModelOptions model;

  @Option(
      names = "--devices",
      paramLabel = "ID",
      split = ",",
      description = "Such as cpu,opencl:1. Default: all there are.")
  private List<String> devices;

  @Option(
      names = "--prompt-tokens",
      paramLabel = "N",
      description = "Tokens of a prompt, text or source. Default: 256.")
  private int promptTokens = 256;

  @Option(names = "--new-tokens", paramLabel = "N", description = "Tokens to write. Default: 32.")
  private int newTokens = 32;

  @Option(names = "--runs", paramLabel = "N", description = "Measured runs. Default: 5.")
  private int runs = 5;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      description = "At least so long, and at least once, each device runs unmeasured. Default: 5.")
  private int warmUp = 5;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Write a page with plots, too.")
  private Path output;

  @Option(names = "--json", description = "Write one JSON object.")
  private boolean json;

  BenchCompareCommand(Io io) {
    this.io = io;
  }

  @Override
  public Integer call() throws IOException {
    Usage.atLeast(spec, "--prompt-tokens", promptTokens, 1);
    Usage.atLeast(spec, "--new-tokens", newTokens, 2);
    Usage.atLeast(spec, "--runs", runs, 1);
    Usage.atLeast(spec, "--warm-up", warmUp, 0);
    if (output != null) {
      OutputFile.requireWritable(output);
    }
    Path path = model.orBundled("stories");
    Map<String, Discovery> found = Devices.discover();
    Comparison comparison = compare(path, ids(found), found);
    if (json) {
      io.out().println(Json.object(comparison::json));
    } else {
      comparison.print(io.out());
    }
    if (output != null) {
      try (OutputFile file = new OutputFile(output)) {
        new ComparisonPage(comparison).write(file.writer());
        file.commit();
      }
    }
    return 0;
  }

  private List<String> ids(Map<String, Discovery> found) {
    if (devices != null) {
      return devices;
    }
    return found.values().stream()
        .flatMap(d -> d.devices().stream())
        .map(d -> d.id())
        .sorted((a, b) -> Boolean.compare(b.equals("cpu"), a.equals("cpu")))
        .toList();
  }

  /** A model on a device, and what was measured of it. */
  private record Entrant(Device device, ModelWork work, List<double[]> runs) {
    List<Spread> spreads() {
      List<Spread> spreads = new ArrayList<>();
      for (int rate = 0; rate < work.rates().size(); rate++) {
        int at = rate;
        spreads.add(Spread.of(runs.stream().mapToDouble(r -> r[at]).toArray()));
      }
      return spreads;
    }
  }

  private Comparison compare(Path path, List<String> ids, Map<String, Discovery> found) {
    ModelWork.Size size = new ModelWork.Size(promptTokens, newTokens);
    Usage.of(spec, size::positions);
    Deque<Runnable> closing = new ArrayDeque<>();
    try {
      List<Entrant> entrants = new ArrayList<>();
      for (String id : ids) {
        Device device = DeviceOptions.open(spec, "--devices", id);
        closing.push(device::close);
        ModelWork work = model.loading(io, 0, load -> ModelWork.load(path, device, size, load));
        closing.push(work::close);
        entrants.add(new Entrant(device, work, new ArrayList<>()));
      }
      measure(entrants);
      return comparison(path, entrants, found);
    } finally {
      closing.forEach(Runnable::run);
    }
  }

  private void measure(List<Entrant> entrants) {
    try (Progress bar = new Progress(io, "measuring", " runs", 1)) {
      for (Entrant e : entrants) {
        long warm = System.nanoTime() + warmUp * 1_000_000_000L;
        do {
          Interrupt.check();
          e.work().run(SEED - 1);
        } while (System.nanoTime() - warm < 0);
      }
      for (int run = 0; run < runs; run++) {
        for (Entrant e : entrants) {
          Interrupt.check();
          e.runs().add(e.work().run(SEED + run));
        }
        bar.at(run + 1, runs);
      }
    }
  }

  private Comparison comparison(Path path, List<Entrant> entrants, Map<String, Discovery> found) {
    ModelWork first = entrants.getFirst().work();
    float[] numbers = first.numbers();
    List<Result> results = new ArrayList<>();
    for (Entrant e : entrants) {
      results.add(
          new Result(
              e.device().info(),
              ComputeTypes.name(e.work().compute()),
              e.work().loadSeconds(),
              e.work().memory(),
              e.spreads(),
              e.work() == first
                  ? Optional.empty()
                  : Optional.of(Difference.of(e.work().numbers(), numbers))));
    }
    Map<String, String> unavailable = new TreeMap<>();
    found.forEach((name, d) -> d.whyNone().ifPresent(why -> unavailable.put(name, why)));
    String work =
        "up to %d tokens read, %d written, median of %d runs in turns"
            .formatted(promptTokens, newTokens, runs);
    return new Comparison(
        path.getFileName().toString(),
        work,
        first.rates(),
        first.numbersAre(),
        results,
        unavailable);
  }
}
