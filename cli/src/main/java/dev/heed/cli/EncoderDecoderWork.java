package dev.heed.cli;

import dev.heed.LoadOptions;
import dev.heed.Sampling;
import dev.heed.Seq2SeqLm;
import dev.heed.TranslateOptions;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** An encoder-decoder reads sources and writes targets of a set length: many at once, and one. */
record EncoderDecoderWork(Seq2SeqLm lm, List<String> sources, int newTokens) implements ModelWork {
  private static final int SOURCES = 8;

  static EncoderDecoderWork load(Path path, Device device, Size size, LoadOptions options) {
    Seq2SeqLm lm = Seq2SeqLm.load(path, device, options.sequences(SOURCES));
    int tokens = Math.min(size.promptTokens(), lm.maxSourceTokens());
    List<String> sources =
        IntStream.range(0, SOURCES)
            .mapToObj(i -> ModelWork.words(tokens, i, s -> lm.tokenizer().encodeSource(s).length))
            .toList();
    return new EncoderDecoderWork(lm, sources, size.newTokens());
  }

  @Override
  public List<String> rates() {
    return List.of("%d targets at once, tokens/s".formatted(SOURCES), "one target, tokens/s");
  }

  @Override
  public double[] run(int seed) {
    int one = Math.floorMod(seed, SOURCES);
    return new double[] {rate(sources), rate(sources.subList(one, one + 1))};
  }

  private double rate(List<String> some) {
    Sampling length = Sampling.greedy().maxTokens(newTokens);
    TranslateOptions how = TranslateOptions.greedy().sampling(length).minTokens(newTokens);
    long start = System.nanoTime();
    long written =
        lm.translate(some, how, done -> {}, Interrupt::asked).stream()
            .mapToLong(t -> t.getFirst().tokens().length)
            .sum();
    return written * 1e9 / (System.nanoTime() - start);
  }

  @Override
  public float[] numbers() {
    String target = lm.translate(sources.getFirst()).text();
    return lm.score(sources.getFirst(), target).logProbs();
  }

  @Override
  public String numbersAre() {
    return "log-probabilities";
  }

  @Override
  public DType compute() {
    return lm.compute();
  }

  @Override
  public double loadSeconds() {
    return lm.loadSeconds();
  }

  @Override
  public MemoryPlan memory() {
    return lm.memory();
  }

  @Override
  public void close() {
    lm.close();
  }
}
