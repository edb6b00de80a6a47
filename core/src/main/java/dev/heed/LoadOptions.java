package dev.heed;

import dev.heed.device.ComputeTypes;
import dev.heed.tensor.DType;
import java.util.Optional;

/**
 * How a model is loaded. Immutable.
 *
 * @param context positions to make room for; 0 for the model's own, at most 4096 and, where
 *     positions are rotary and go on past the trained ones, at least 512. For an encoder-decoder,
 *     positions of a target; 0 for the model's own, at most 512
 * @param sequences how many targets an encoder-decoder makes at once: sources times beams; 0 for 8
 *     to 16, the fewer the larger its cache
 * @param compute the type to compute in, F32, F16 or BF16, caches included; or Q8_0: F32, but
 *     products with weights of block types read activations rounded to 8 bits, and devices may
 *     round weights of F16 and BF16, and activations for them, to 14 bits. Without one as {@link
 *     dev.heed.device.ComputeTypes} chooses: BF16 or F16 on a GPU that has it, else F32. T5
 *     overflows F16, so F16 is not chosen for it; asked for, it may give no numbers
 * @param progress told how much is on the device
 */
public record LoadOptions(int context, int sequences, Optional<DType> compute, Progress progress) {
  /** Told the bytes loaded so far and in all, as the file has them. */
  @FunctionalInterface
  public interface Progress {
    void loaded(long bytes, long total);
  }

  /**
   * @throws IllegalArgumentException if the context or the number of sequences is negative, or the
   *     compute type is none
   */
  public LoadOptions {
    if (context < 0) {
      throw new IllegalArgumentException(
          "context " + context + ": want at least 1, or 0 for the model's own");
    }
    if (sequences < 0) {
      throw new IllegalArgumentException(
          "sequences " + sequences + ": want at least 1, or 0 for a number that fits the model");
    }
    if (compute.isPresent() && !ComputeTypes.are(compute.get())) {
      throw new IllegalArgumentException(
          "compute type " + compute.get() + ": want F32, F16, BF16 or Q8_0");
    }
  }

  /** The model's own context, sequences that fit it, the device's compute type, no progress. */
  public static LoadOptions defaults() {
    return new LoadOptions(0, 0, Optional.empty(), (bytes, total) -> {});
  }

  public LoadOptions context(int value) {
    return new LoadOptions(value, sequences, compute, progress);
  }

  public LoadOptions sequences(int value) {
    return new LoadOptions(context, value, compute, progress);
  }

  public LoadOptions compute(DType value) {
    return new LoadOptions(context, sequences, Optional.of(value), progress);
  }

  public LoadOptions progress(Progress value) {
    return new LoadOptions(context, sequences, compute, value);
  }
}
