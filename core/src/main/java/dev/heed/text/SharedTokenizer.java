package dev.heed.text;

import java.util.Arrays;
import java.util.OptionalInt;

/**
 * Both sides by one tokenizer.
 *
 * @param name for messages
 */
record SharedTokenizer(String name, Tokenizer tokenizer) implements Seq2SeqTokenizer {
  @Override
  public int[] encodeSource(String text) {
    return tokenizer.encode(text, true);
  }

  @Override
  public int[] encodeTarget(String text) {
    return tokenizer.encode(text, false);
  }

  @Override
  public String decodeTarget(int[] ids) {
    int[] known = Arrays.stream(ids).filter(id -> id < tokenizer.vocabularySize()).toArray();
    return tokenizer.decode(known, true);
  }

  @Override
  public TextStream targetStream() {
    return tokenizer.streamDecoder(true);
  }

  @Override
  public String sourceToken(int id) {
    return tokenizer.text(id);
  }

  @Override
  public String targetToken(int id) {
    return tokenizer.text(id);
  }

  @Override
  public OptionalInt targetId(String token) {
    return tokenizer.id(token);
  }

  /** Embeddings are often padded to more rows. */
  @Override
  public void requireFits(int sources, int targets) {
    int rows = Math.min(sources, targets);
    if (tokenizer.vocabularySize() > rows) {
      throw new TokenizerException(
          "%s: the tokenizer has %d tokens, the model's embedding %d rows: they are of different models"
              .formatted(name, tokenizer.vocabularySize(), rows));
    }
  }
}
