package dev.heed;

/**
 * What a model wrote.
 *
 * @param text the new text, without a stop string
 * @param tokens the new ids, without an end token
 * @param promptTokens the ids it continued
 * @param stop why it ended
 * @param prefillSeconds until the first token was chosen
 * @param decodeSeconds from then on
 */
public record Generation(
    String text,
    int[] tokens,
    int[] promptTokens,
    Stop stop,
    double prefillSeconds,
    double decodeSeconds) {

  /** Why a text ended. */
  public enum Stop {
    /** The model's own end token, or one of the stop ids. */
    END,
    /** A stop string. */
    STRING,
    /** The number of tokens asked for. */
    LENGTH,
    /** The model's context is full. */
    CONTEXT,
    /** The caller. */
    CANCELLED
  }

  /** Tokens of the prompt in a second. */
  public double prefillTokensPerSecond() {
    return promptTokens.length / prefillSeconds;
  }

  /** New tokens, after the first, in a second; 0 with fewer than two. */
  public double decodeTokensPerSecond() {
    return tokens.length < 2 ? 0 : (tokens.length - 1) / decodeSeconds;
  }
}
