package dev.heed.text;

import java.util.OptionalInt;

/**
 * Source text to ids, and target ids to text, of a model that reads one vocabulary and writes
 * another, which may be the same. May be used by many threads at once.
 */
public interface Seq2SeqTokenizer extends AutoCloseable {
  /** Ids of a source, with the tokens that the model expects around it. */
  int[] encodeSource(String text);

  /** Ids of a target or the beginning of one, without tokens around it. */
  int[] encodeTarget(String text);

  /** Text of a target; special tokens, and ids the vocabulary lacks, are left out. */
  String decodeTarget(int[] ids);

  /** Text of a target whose ids come one by one. */
  TextStream targetStream();

  /** What a token of a source is alone: its text, or its name if it is special. */
  String sourceToken(int id);

  /** What a token of a target is alone: its text, or its name if it is special. */
  String targetToken(int id);

  /** The id of a token as the target's vocabulary spells it. */
  OptionalInt targetId(String token);

  /**
   * Makes sure that the model has a vector for each token.
   *
   * @param sources rows of the source's embedding
   * @param targets rows of the target's embedding
   * @throws TokenizerException if a vocabulary does not fit
   */
  void requireFits(int sources, int targets);

  /** Frees what the tokenizer owns; a second call does nothing. */
  @Override
  default void close() {}

  /**
   * The same tokenizer, which stays the caller's, for both sides.
   *
   * @param name what messages call the model
   */
  static Seq2SeqTokenizer shared(String name, Tokenizer tokenizer) {
    return new SharedTokenizer(name, tokenizer);
  }

  /**
   * mBART's: the same tokenizer, which stays the caller's, for both sides; a source may begin with
   * its language's code, {@code de_DE}.
   *
   * @param name what messages call the model
   */
  static Seq2SeqTokenizer mbart(String name, Tokenizer tokenizer) {
    return new MbartTokenizer(tokenizer, shared(name, tokenizer));
  }
}
