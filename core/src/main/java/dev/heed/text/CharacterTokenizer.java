package dev.heed.text;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Characters on both sides, each with a vocabulary of its own. */
public final class CharacterTokenizer implements Seq2SeqTokenizer {
  private final CharacterVocabulary source;
  private final CharacterVocabulary target;
  private final int[] before;
  private final int[] after;

  private CharacterTokenizer(
      CharacterVocabulary source, CharacterVocabulary target, int[] before, int[] after) {
    this.source = source;
    this.target = target;
    this.before = before;
    this.after = after;
  }

  /**
   * The vocabularies in {@code source_vocab.json} and {@code target_vocab.json}, each an object of
   * tokens and ids; nothing stands around a source.
   *
   * @param unknown the token for characters that are not in a vocabulary
   * @throws TokenizerException if one is missing or damaged
   */
  public static CharacterTokenizer load(Path folder, String unknown) {
    return new CharacterTokenizer(
        CharacterVocabulary.read(folder.resolve("source_vocab.json"), unknown),
        CharacterVocabulary.read(folder.resolve("target_vocab.json"), unknown),
        new int[0],
        new int[0]);
  }

  /**
   * Characters in the order of their ids, of which the first four hold the place of padding,
   * beginning, end and unknown.
   *
   * @param begin stands before a source
   * @param end stands behind it
   */
  public static CharacterTokenizer of(String sources, String targets, int begin, int end) {
    return new CharacterTokenizer(
        CharacterVocabulary.of("the list of source characters", sources, 4, 3),
        CharacterVocabulary.of("the list of target characters", targets, 4, 3),
        new int[] {begin},
        new int[] {end});
  }

  @Override
  public int[] encodeSource(String text) {
    return Stream.of(before, source.encode(text), after).flatMapToInt(IntStream::of).toArray();
  }

  @Override
  public int[] encodeTarget(String text) {
    return target.encode(text);
  }

  @Override
  public String decodeTarget(int[] ids) {
    return Arrays.stream(ids).mapToObj(target::text).collect(Collectors.joining());
  }

  @Override
  public TextStream targetStream() {
    return new TextStream() {
      @Override
      public String feed(int id) {
        return target.text(id);
      }

      @Override
      public String finish() {
        return "";
      }
    };
  }

  @Override
  public String sourceToken(int id) {
    return source.token(id);
  }

  @Override
  public String targetToken(int id) {
    return target.token(id);
  }

  @Override
  public OptionalInt targetId(String token) {
    return target.id(token);
  }

  @Override
  public void requireFits(int sources, int targets) {
    source.requireFits("source", sources);
    target.requireFits("target", targets);
  }
}
