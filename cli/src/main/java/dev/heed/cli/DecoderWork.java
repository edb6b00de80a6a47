package dev.heed.cli;

import dev.heed.CausalLm;
import dev.heed.Generation;
import dev.heed.LoadOptions;
import dev.heed.Sampling;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A text generator reads a prompt of random ids, and writes. */
record DecoderWork(CausalLm lm, Size size) implements ModelWork {
  /** Positions whose logits are compared, at most. */
  private static final int COMPARED = 32;

  static DecoderWork load(Path path, Device device, Size size, LoadOptions options) {
    return new DecoderWork(CausalLm.load(path, device, options.context(size.positions())), size);
  }

  @Override
  public List<String> rates() {
    return List.of("prefill tokens/s", "decode tokens/s");
  }

  @Override
  public double[] run(int seed) {
    Generation g = generate(seed);
    return new double[] {g.prefillTokensPerSecond(), g.decodeTokensPerSecond()};
  }

  /** One run; another prompt is tried where the model ends its text at once. */
  private Generation generate(int seed) {
    Sampling how = Sampling.greedy().maxTokens(size.newTokens());
    for (int attempt = 0; attempt < 8; attempt++) {
      int[] prompt = prompt(seed * 8L + attempt, size.promptTokens());
      Generation g = lm.generate(prompt, how, token -> {}, Interrupt::asked);
      if (g.tokens().length == size.newTokens()) {
        return g;
      }
      Interrupt.check();
    }
    throw new CommandFailure(
        "the model ends its text before %d tokens: measure with fewer --new-tokens"
            .formatted(size.newTokens()));
  }

  private int[] prompt(long seed, int tokens) {
    return new Random(seed).ints(tokens, 0, lm.vocabularySize()).toArray();
  }

  @Override
  public float[] numbers() {
    try (Arena arena = Arena.ofShared()) {
      int[] ids = prompt(0, size.promptTokens());
      float[] logits = lm.logits(ids, arena).toArray(ValueLayout.JAVA_FLOAT);
      int kept = Math.min(COMPARED, ids.length) * lm.vocabularySize();
      return Arrays.copyOfRange(logits, logits.length - kept, logits.length);
    }
  }

  @Override
  public String numbersAre() {
    return "logits";
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
