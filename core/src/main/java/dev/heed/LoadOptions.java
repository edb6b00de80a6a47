package dev.heed;

/**
 * How a model is loaded. Immutable.
 *
 * @param context positions to make room for; 0 for the model's own, at most 4096 and, where
 *     positions are rotary and go on past the trained ones, at least 512
 * @param progress told how much is on the device
 */
public record LoadOptions(int context, Progress progress) {
  /** Told the bytes loaded so far and in all, as the file has them. */
  @FunctionalInterface
  public interface Progress {
    void loaded(long bytes, long total);
  }

  /**
   * @throws IllegalArgumentException if the context is negative
   */
  public LoadOptions {
    if (context < 0) {
      throw new IllegalArgumentException(
          "context " + context + ": want at least 1, or 0 for the model's own");
    }
  }

  /** The model's own context, no progress. */
  public static LoadOptions defaults() {
    return new LoadOptions(0, (bytes, total) -> {});
  }

  public LoadOptions context(int value) {
    return new LoadOptions(value, progress);
  }

  public LoadOptions progress(Progress value) {
    return new LoadOptions(context, value);
  }
}
