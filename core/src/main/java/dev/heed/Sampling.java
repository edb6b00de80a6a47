package dev.heed;

import java.util.List;
import java.util.Set;

/**
 * How the next token is chosen, and when to end. Applied in this order: repetition penalty,
 * temperature, top-k, top-p, min-p. Immutable; each method gives a copy with one setting changed.
 *
 * @param temperature divides the logits; 0 is greedy
 * @param topK only the k most likely tokens; 0 for all
 * @param topP only the most likely tokens that together reach this probability (Holtzman et al.
 *     2020); 1 for all
 * @param minP only tokens at least this fraction as likely as the most likely one; 0 for all
 * @param repetitionPenalty divides positive and multiplies negative logits of tokens already seen
 *     (Keskar et al. 2019); 1 for none
 * @param seed the same seed gives the same text
 * @param maxTokens end after so many new tokens
 * @param stopStrings end where one of these appears; it is not part of the text
 * @param stopIds end at one of these, besides the model's own end tokens
 */
public record Sampling(
    float temperature,
    int topK,
    float topP,
    float minP,
    float repetitionPenalty,
    long seed,
    int maxTokens,
    List<String> stopStrings,
    Set<Integer> stopIds) {

  /**
   * @throws IllegalArgumentException naming the setting that is out of range
   */
  public Sampling {
    require(
        temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "at least 0");
    require(topK >= 0, "top-k", topK, "at least 0");
    require(topP > 0 && topP <= 1, "top-p", topP, "more than 0 and at most 1");
    require(minP >= 0 && minP <= 1, "min-p", minP, "0 to 1");
    require(
        repetitionPenalty > 0 && Float.isFinite(repetitionPenalty),
        "repetition penalty",
        repetitionPenalty,
        "more than 0");
    require(maxTokens >= 1, "max tokens", maxTokens, "at least 1");
    require(stopStrings.stream().noneMatch(String::isEmpty), "stop string", "''", "some text");
    stopStrings = List.copyOf(stopStrings);
    stopIds = Set.copyOf(stopIds);
  }

  private static void require(boolean holds, String what, Object value, String want) {
    if (!holds) {
      throw new IllegalArgumentException("%s %s: want %s".formatted(what, value, want));
    }
  }

  /** The most likely token, always; 256 tokens. */
  public static Sampling greedy() {
    return new Sampling(0, 0, 1, 0, 1, 0, 256, List.of(), Set.of());
  }

  /** Varied text: temperature 0.8, top-p 0.95; 256 tokens. */
  public static Sampling creative() {
    return greedy().temperature(0.8f).topP(0.95f);
  }

  public Sampling temperature(float value) {
    return new Sampling(
        value, topK, topP, minP, repetitionPenalty, seed, maxTokens, stopStrings, stopIds);
  }

  public Sampling topK(int value) {
    return new Sampling(
        temperature, value, topP, minP, repetitionPenalty, seed, maxTokens, stopStrings, stopIds);
  }

  public Sampling topP(float value) {
    return new Sampling(
        temperature, topK, value, minP, repetitionPenalty, seed, maxTokens, stopStrings, stopIds);
  }

  public Sampling minP(float value) {
    return new Sampling(
        temperature, topK, topP, value, repetitionPenalty, seed, maxTokens, stopStrings, stopIds);
  }

  public Sampling repetitionPenalty(float value) {
    return new Sampling(
        temperature, topK, topP, minP, value, seed, maxTokens, stopStrings, stopIds);
  }

  public Sampling seed(long value) {
    return new Sampling(
        temperature, topK, topP, minP, repetitionPenalty, value, maxTokens, stopStrings, stopIds);
  }

  public Sampling maxTokens(int value) {
    return new Sampling(
        temperature, topK, topP, minP, repetitionPenalty, seed, value, stopStrings, stopIds);
  }

  public Sampling stopStrings(List<String> value) {
    return new Sampling(
        temperature, topK, topP, minP, repetitionPenalty, seed, maxTokens, value, stopIds);
  }

  public Sampling stopIds(Set<Integer> value) {
    return new Sampling(
        temperature, topK, topP, minP, repetitionPenalty, seed, maxTokens, stopStrings, value);
  }
}
