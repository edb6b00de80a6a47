package dev.heed.cli;

import dev.heed.LoadOptions;
import dev.heed.TextEncoder;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** A sentence encoder reads many texts at once, and one. */
record EncoderWork(TextEncoder encoder, List<String> texts) implements ModelWork {
  private static final int TEXTS = 32;

  static EncoderWork load(Path path, Device device, Size size, LoadOptions options) {
    TextEncoder encoder = TextEncoder.load(path, device, options);
    int tokens = Math.min(size.promptTokens(), encoder.maxTokens());
    List<String> texts =
        IntStream.range(0, TEXTS)
            .mapToObj(i -> ModelWork.words(tokens, i, s -> count(encoder, s)))
            .toList();
    return new EncoderWork(encoder, texts);
  }

  @Override
  public List<String> rates() {
    return List.of("%d texts at once, tokens/s".formatted(TEXTS), "one text, tokens/s");
  }

  @Override
  public double[] run(int seed) {
    int one = Math.floorMod(seed, TEXTS);
    return new double[] {rate(texts), rate(texts.subList(one, one + 1))};
  }

  private double rate(List<String> some) {
    long tokens = some.stream().mapToLong(s -> count(encoder, s)).sum();
    long start = System.nanoTime();
    encoder.embed(some);
    return tokens * 1e9 / (System.nanoTime() - start);
  }

  private static int count(TextEncoder encoder, String text) {
    return encoder.tokenizer().encode(text, true).length;
  }

  @Override
  public float[] numbers() {
    float[][] vectors = encoder.embed(texts);
    float[] all = new float[vectors.length * encoder.dimension()];
    for (int i = 0; i < vectors.length; i++) {
      System.arraycopy(vectors[i], 0, all, i * encoder.dimension(), encoder.dimension());
    }
    return all;
  }

  @Override
  public String numbersAre() {
    return "vectors";
  }

  @Override
  public DType compute() {
    return encoder.compute();
  }

  @Override
  public double loadSeconds() {
    return encoder.loadSeconds();
  }

  @Override
  public MemoryPlan memory() {
    return encoder.memory();
  }

  @Override
  public void close() {
    encoder.close();
  }
}
