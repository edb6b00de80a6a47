package dev.heed.text;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * mBART's tokenizer, which puts the code of a source's language before the text (mBART-50) or
 * behind it (mBART-25). A source may begin with another code than the usual one: {@code de_DE Hallo
 * Welt}. A target's code is its first token: the model's configuration or a prefix gives it.
 *
 * @param both knows where the usual code stands
 */
record MbartTokenizer(Tokenizer tokenizer, Seq2SeqTokenizer both) implements Seq2SeqTokenizer {
  private static final Pattern CODE = Pattern.compile("([a-z]{2,3}_[A-Z]{2})(?:\\s+|$)");

  @Override
  public int[] encodeSource(String text) {
    Matcher m = CODE.matcher(text);
    OptionalInt wanted = m.lookingAt() ? tokenizer.id(m.group(1)) : OptionalInt.empty();
    if (wanted.isEmpty()) {
      return both.encodeSource(text);
    }
    int[] ids = both.encodeSource(text.substring(m.end()));
    OptionalInt usual =
        IntStream.of(tokenizer.encode("", true))
            .filter(id -> CODE.matcher(tokenizer.token(id)).matches())
            .findFirst();
    return IntStream.of(ids)
        .map(id -> usual.isPresent() && id == usual.getAsInt() ? wanted.getAsInt() : id)
        .toArray();
  }

  @Override
  public int[] encodeTarget(String text) {
    return both.encodeTarget(text);
  }

  @Override
  public String decodeTarget(int[] ids) {
    return both.decodeTarget(ids);
  }

  @Override
  public TextStream targetStream() {
    return both.targetStream();
  }

  @Override
  public String sourceToken(int id) {
    return both.sourceToken(id);
  }

  @Override
  public String targetToken(int id) {
    return both.targetToken(id);
  }

  @Override
  public OptionalInt targetId(String token) {
    return both.targetId(token);
  }

  @Override
  public void requireFits(int sources, int targets) {
    both.requireFits(sources, targets);
  }
}
