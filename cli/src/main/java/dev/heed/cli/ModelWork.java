package dev.heed.cli;

import dev.heed.LoadOptions;
import dev.heed.device.Device;
import dev.heed.device.MemoryPlan;
import dev.heed.model.ModelFiles;
import dev.heed.tensor.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.ToIntFunction;

/** A model on a device, and the work it is measured by: the same on every device. */
interface ModelWork extends AutoCloseable {
  /**
   * How much work.
   *
   * @param promptTokens tokens of a prompt, a text or a source, as far as the model takes them
   * @param newTokens tokens to write
   */
  record Size(int promptTokens, int newTokens) {
    /** Positions that a text generator needs for it. */
    int positions() {
      return Math.addExact(promptTokens, newTokens);
    }
  }

  /** What is measured; more is better. */
  List<String> rates();

  /** Does the work once and gives each rate; the seed picks the input. */
  double[] run(int seed);

  /** Numbers of the model that devices are compared by: logits, vectors, logarithms. */
  float[] numbers();

  /** What {@link #numbers} are. */
  String numbersAre();

  /** What the model computes in. */
  DType compute();

  double loadSeconds();

  MemoryPlan memory();

  @Override
  void close();

  /** Loads a model of any kind. */
  static ModelWork load(Path path, Device device, Size size, LoadOptions options) {
    return switch (ModelFiles.kind(path)) {
      case DECODER -> DecoderWork.load(path, device, size, options);
      case ENCODER -> EncoderWork.load(path, device, size, options);
      case ENCODER_DECODER -> EncoderDecoderWork.load(path, device, size, options);
    };
  }

  /** Plain words, as many as make {@code tokens} tokens at most, and at least one. */
  static String words(int tokens, int seed, ToIntFunction<String> count) {
    String[] words =
        "the river runs past an old stone house and a small boat waits there".split(" ");
    StringJoiner text = new StringJoiner(" ");
    text.add(words[Math.floorMod(seed, words.length)]);
    for (int i = 1;
        count.applyAsInt(text + " " + words[(i + seed) % words.length]) <= tokens;
        i++) {
      text.add(words[(i + seed) % words.length]);
    }
    return text.toString();
  }
}
