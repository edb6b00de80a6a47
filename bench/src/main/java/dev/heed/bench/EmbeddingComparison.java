package dev.heed.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.heed.TextEncoder;
import dev.heed.bench.EmbeddingBenchmark.Encoder;
import dev.heed.bench.EmbeddingBenchmark.Result;
import dev.heed.device.Device;
import dev.heed.device.Devices;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Heed and LangChain4j embed the same texts with the same model, taking turns in one process, and
 * one JSON line tells the speed of both, Heed's as a multiple, and how well their vectors agree.
 */
@Command(
    name = "embedding-comparison",
    description = "Heed and LangChain4j side by side on all-MiniLM-L6-v2.")
public final class EmbeddingComparison implements Callable<Integer> {
  private static final String HEED = "heed";
  private static final String PEER = "langchain4j";

  @Option(
      names = "--model",
      description = "folder of all-MiniLM-L6-v2 (default: ${DEFAULT-VALUE})",
      defaultValue = "../shared/models/all-MiniLM-L6-v2")
  private Path model;

  @Option(names = "--device", description = "such as cpu or opencl:1 (default: the best one)")
  private String device;

  @Option(
      names = "--rounds",
      description = "timed calls of each (default: ${DEFAULT-VALUE})",
      defaultValue = "11")
  private int rounds;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "show this help and end")
  private boolean help;

  @Spec private CommandSpec spec;

  private EmbeddingComparison() {}

  @Override
  public Integer call() throws JsonProcessingException {
    if (rounds < 1) {
      throw new ParameterException(
          spec.commandLine(), "--rounds must be at least 1, not " + rounds);
    }
    try (Device on = device == null ? Devices.best() : Devices.open(device);
        TextEncoder heed = TextEncoder.load(model, on)) {
      var encoders = new LinkedHashMap<String, Encoder>();
      encoders.put(HEED, heed::embed);
      encoders.put(PEER, new LangChain4jPeer());
      double cosine = leastCosine(encoders.get(HEED), encoders.get(PEER));
      Map<String, Result> results = new EmbeddingBenchmark(encoders, rounds).run();
      var report = new LinkedHashMap<String, Object>();
      report.put("device", on.info().name());
      report.put("versions", LangChain4jPeer.versions());
      report.put("rounds", rounds);
      report.put("leastCosine", cosine);
      report.putAll(results);
      report.put("heedTimesPeer", ratios(results.get(HEED), results.get(PEER)));
      System.out.println(JsonMapper.builder().build().writeValueAsString(report));
      return 0;
    }
  }

  /** Medians of Heed over the peer's: above 1 where Heed is faster, for the latency too. */
  private static Map<String, Double> ratios(Result heed, Result peer) {
    var ratios = new LinkedHashMap<String, Double>();
    ratios.put(
        "sentences", heed.sentencesPerSecond().median() / peer.sentencesPerSecond().median());
    ratios.put("passages", heed.passagesPerSecond().median() / peer.passagesPerSecond().median());
    ratios.put("latency", peer.sentenceMillis().median() / heed.sentenceMillis().median());
    return ratios;
  }

  /** The least cosine between both vectors of a text: near 1 if both do the same work. */
  private static double leastCosine(Encoder one, Encoder other) {
    double least = 1;
    for (List<String> texts : List.of(Texts.sentences(), Texts.passages())) {
      float[][] a = one.embed(texts);
      float[][] b = other.embed(texts);
      least =
          Math.min(
              least,
              IntStream.range(0, texts.size())
                  .mapToDouble(i -> dot(a[i], b[i]) / Math.sqrt(dot(a[i], a[i]) * dot(b[i], b[i])))
                  .min()
                  .orElseThrow());
    }
    return least;
  }

  private static double dot(float[] a, float[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> (double) a[i] * b[i]).sum();
  }

  /** Runs the comparison; {@code --help} lists the options. */
  public static void main(String[] args) {
    var line = new CommandLine(new EmbeddingComparison());
    line.setExecutionExceptionHandler(
        (e, command, parsed) -> {
          command.getErr().println(e.getMessage());
          return 1;
        });
    System.exit(line.execute(args));
  }
}
