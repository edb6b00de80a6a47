package dev.heed;

import dev.heed.generate.BeamOptions;
import dev.heed.generate.Convention;
import java.util.List;

/**
 * How targets are made. Immutable; each method gives a copy with one setting changed. {@link
 * Seq2SeqLm#defaults} has what a model's authors want.
 *
 * @param search beams, scores and their rules; with one beam the likeliest token is taken, or one
 *     drawn as {@code sampling} says
 * @param sampling how a token is drawn, {@code maxTokens} behind the prefix, and ids that end the
 *     target; stop strings have no use here
 * @param minTokens behind the prefix, before the target may end
 * @param prefix how each target begins
 * @param noRepeat no sequence of so many tokens twice; 0 for no such rule
 * @param suppressed sequences of ids that must not appear
 */
public record TranslateOptions(
    BeamOptions search,
    Sampling sampling,
    int minTokens,
    String prefix,
    int noRepeat,
    List<List<Integer>> suppressed) {

  /**
   * @throws IllegalArgumentException naming the setting that is out of range or without use
   */
  public TranslateOptions {
    require(minTokens >= 0, "min tokens " + minTokens + ": want at least 0");
    require(
        minTokens <= sampling.maxTokens(),
        "min tokens %d: want at most max tokens, %d".formatted(minTokens, sampling.maxTokens()));
    require(noRepeat >= 0, "no-repeat length " + noRepeat + ": want at least 0");
    require(suppressed.stream().noneMatch(List::isEmpty), "an empty sequence is suppressed");
    require(sampling.stopStrings().isEmpty(), "stop strings: have no use in a translation");
    boolean draws = sampling.temperature() > 0 || sampling.repetitionPenalty() != 1;
    require(
        search.beams() == 1 || !draws,
        "%d beams and sampling: want one of them".formatted(search.beams()));
    suppressed = suppressed.stream().map(List::copyOf).toList();
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /** One beam, the likeliest token always, 256 tokens. */
  public static TranslateOptions greedy() {
    return new TranslateOptions(BeamOptions.of(1), Sampling.greedy(), 0, "", 0, List.of());
  }

  public TranslateOptions search(BeamOptions value) {
    return new TranslateOptions(value, sampling, minTokens, prefix, noRepeat, suppressed);
  }

  /** So many hypotheses at each step, and no more n-best than these. */
  public TranslateOptions beams(int value) {
    return search(
        new BeamOptions(
            value,
            Math.clamp(search.nBest(), 1, Math.max(value, 1)),
            search.lengthPenalty(),
            search.earlyStopping(),
            search.convention()));
  }

  public TranslateOptions nBest(int value) {
    return search(search.nBest(value));
  }

  public TranslateOptions lengthPenalty(float value) {
    return search(search.lengthPenalty(value));
  }

  public TranslateOptions convention(Convention value) {
    return search(search.convention(value));
  }

  public TranslateOptions sampling(Sampling value) {
    return new TranslateOptions(search, value, minTokens, prefix, noRepeat, suppressed);
  }

  public TranslateOptions minTokens(int value) {
    return new TranslateOptions(search, sampling, value, prefix, noRepeat, suppressed);
  }

  public TranslateOptions maxTokens(int value) {
    return sampling(sampling.maxTokens(value));
  }

  public TranslateOptions prefix(String value) {
    return new TranslateOptions(search, sampling, minTokens, value, noRepeat, suppressed);
  }

  public TranslateOptions noRepeat(int value) {
    return new TranslateOptions(search, sampling, minTokens, prefix, value, suppressed);
  }

  public TranslateOptions suppressed(List<List<Integer>> value) {
    return new TranslateOptions(search, sampling, minTokens, prefix, noRepeat, value);
  }
}
