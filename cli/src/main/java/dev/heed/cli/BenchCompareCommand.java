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
      "  heed bench compare --model all-MiniLM-L6-v2 --output report.html",
      "",
      "Text generators read random ids and write; sentence encoders read texts; encoder-decoders",
      "write targets. Numbers are compared with those of the first device."
    })
final class BenchCompareCommand implements Callable<Integer> {
  private final Io io;

  @Spec private CommandSpec spec;
  @Mixin private ModelOptions model;
  @Mixin private WorkOptions work;

  @Option(
      names = "--devices",
      paramLabel = "ID",
      split = ",",
      description = "Such as cpu,opencl:1. Default: all there are.")
  private List<String> devices;

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
    ModelWork.Size size = work.size();
    if (output != null) {
      OutputFile.requireWritable(output);
    }
    Path path = model.orBundled("stories");
    Map<String, Discovery> found = Devices.discover();
    Comparison comparison = compare(path, size, ids(found), found);
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

  private Comparison compare(
      Path path, ModelWork.Size size, List<String> ids, Map<String, Discovery> found) {
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
      return comparison(path, size, entrants, found);
    } finally {
      closing.forEach(Runnable::run);
    }
  }

  private void measure(List<Entrant> entrants) {
    try (Progress bar = new Progress(io, "measuring", " runs", 1)) {
      entrants.forEach(e -> work.warm(e.work()));
      for (int run = 0; run < work.runs(); run++) {
        for (Entrant e : entrants) {
          e.runs().add(work.measure(e.work(), run));
        }
        bar.at(run + 1, work.runs());
      }
    }
  }

  private Comparison comparison(
      Path path, ModelWork.Size size, List<Entrant> entrants, Map<String, Discovery> found) {
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
    String done =
        "up to %d tokens read, %d written, median of %d runs in turns"
            .formatted(size.promptTokens(), size.newTokens(), work.runs());
    return new Comparison(
        path.getFileName().toString(),
        done,
        first.rates(),
        first.numbersAre(),
        results,
        unavailable);
  }
}
