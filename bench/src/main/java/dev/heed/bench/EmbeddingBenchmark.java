package dev.heed.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Times encoders on the same texts, in turn, so that what else the machine does meets all alike.
 *
 * <p>Three works: {@link Texts#sentences()} in one call, {@link Texts#passages()} in one call, and
 * one sentence a call. For each, every encoder is warmed up for some seconds; then every round
 * times each encoder once, or {@value #SINGLES} times for the single sentences.
 */
public final class EmbeddingBenchmark {
  private static final long WARM_UP_NANOS = 5_000_000_000L;
  private static final int SINGLES = 50;

  /** Turns texts into vectors. */
  @FunctionalInterface
  public interface Encoder {
    /** One vector a text, in the texts' order. */
    float[][] embed(List<String> texts);
  }

  /** Median and extremes of all timed calls. */
  public record Spread(double median, double least, double most) {
    static Spread of(DoubleStream values) {
      double[] sorted = values.sorted().toArray();
      int n = sorted.length;
      return new Spread((sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[0], sorted[n - 1]);
    }
  }

  /**
   * What one encoder did.
   *
   * @param sentencesPerSecond for 256 sentences of 20 to 30 tokens, all given at once
   * @param passagesPerSecond for 64 texts of 244 to 254 tokens, all given at once
   * @param sentenceMillis milliseconds for a sentence given alone
   */
  public record Result(
      Spread sentencesPerSecond, Spread passagesPerSecond, Spread sentenceMillis) {}

  private final Map<String, Encoder> encoders;
  private final int rounds;

  /**
   * @param encoders by name, in the order in which they run
   * @param rounds at least 1
   */
  public EmbeddingBenchmark(Map<String, Encoder> encoders, int rounds) {
    if (rounds < 1) {
      throw new IllegalArgumentException("rounds must be at least 1, not " + rounds);
    }
    this.encoders = new LinkedHashMap<>(encoders);
    this.rounds = rounds;
  }

  /** Runs the three works, one after the other. */
  public Map<String, Result> run() {
    List<String> sentences = Texts.sentences();
    List<String> passages = Texts.passages();
    var many = time(round -> List.of(sentences), s -> sentences.size() / s);
    var longer = time(round -> List.of(passages), s -> passages.size() / s);
    var single = time(round -> singles(sentences, round), s -> 1e3 * s);
    var results = new LinkedHashMap<String, Result>();
    for (String name : encoders.keySet()) {
      results.put(name, new Result(many.get(name), longer.get(name), single.get(name)));
    }
    return results;
  }

  /** Every encoder's calls: the inputs of a round's calls, and what to make of a call's seconds. */
  private Map<String, Spread> time(
      IntFunction<List<List<String>>> inputs, DoubleUnaryOperator unit) {
    encoders.values().forEach(encoder -> warmUp(encoder, inputs));
    var seconds = new LinkedHashMap<String, DoubleStream.Builder>();
    for (int round = 0; round < rounds; round++) {
      for (var entry : encoders.entrySet()) {
        var times = seconds.computeIfAbsent(entry.getKey(), name -> DoubleStream.builder());
        for (List<String> texts : inputs.apply(round)) {
          times.add(seconds(entry.getValue(), texts));
        }
      }
    }
    var spreads = new LinkedHashMap<String, Spread>();
    seconds.forEach((name, times) -> spreads.put(name, Spread.of(times.build().map(unit))));
    return spreads;
  }

  private static void warmUp(Encoder encoder, IntFunction<List<List<String>>> inputs) {
    long start = System.nanoTime();
    for (int round = 0; System.nanoTime() - start < WARM_UP_NANOS; round++) {
      inputs.apply(round).forEach(texts -> seconds(encoder, texts));
    }
  }

  private static double seconds(Encoder encoder, List<String> texts) {
    long start = System.nanoTime();
    float[][] vectors = encoder.embed(texts);
    double seconds = 1e-9 * (System.nanoTime() - start);
    if (vectors.length != texts.size() || Arrays.stream(vectors).anyMatch(v -> !finite(v))) {
      throw new IllegalStateException("an encoder gave wrong vectors: too few, or not numbers");
    }
    return seconds;
  }

  private static boolean finite(float[] vector) {
    return vector.length > 0
        && IntStream.range(0, vector.length).allMatch(i -> Float.isFinite(vector[i]));
  }

  private static List<List<String>> singles(List<String> sentences, int round) {
    return IntStream.range(0, SINGLES)
        .mapToObj(i -> List.of(sentences.get((round * SINGLES + i) % sentences.size())))
        .toList();
  }
}
