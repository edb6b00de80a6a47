package dev.heed.text;

/** A tokenizer cannot be loaded or used; the message is one line: file, what is wrong, remedy. */
public final class TokenizerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error found here. */
  public TokenizerException(String message) {
    super(message);
  }

  /** An error found by the reader or library underneath. */
  public TokenizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
