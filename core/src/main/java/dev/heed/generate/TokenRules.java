package dev.heed.generate;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Which tokens may come next, and when a text ends.
 *
 * @param ends ids that end it
 * @param minTokens no end before so many new tokens
 * @param maxTokens end after so many new tokens, the end token included
 * @param first what the text must begin with
 * @param last what stands at {@code maxTokens}
 * @param noRepeat no sequence of so many tokens twice; 0 for no such rule
 * @param suppressed sequences that must not appear
 * @param renormalize whether tokens that must not come next are taken out before the softmax, so
 *     that the probabilities of the others sum to 1; {@link Convention#CTRANSLATE2} always does
 */
public record TokenRules(
    Set<Integer> ends,
    int minTokens,
    int maxTokens,
    OptionalInt first,
    OptionalInt last,
    int noRepeat,
    List<int[]> suppressed,
    boolean renormalize) {
  private static final OptionalInt NOTHING = OptionalInt.empty();

  public TokenRules {
    ends = Set.copyOf(ends);
    suppressed = List.copyOf(suppressed);
  }

  /** Only ends and a limit. */
  public TokenRules(Set<Integer> ends, int maxTokens) {
    this(ends, 0, maxTokens, NOTHING, NOTHING, 0, List.of(), false);
  }

  /** Under another limit. */
  public TokenRules maxTokens(int value) {
    return new TokenRules(ends, minTokens, value, first, last, noRepeat, suppressed, renormalize);
  }

  /** The token that must come after {@code count} new ones, if any. */
  OptionalInt forced(int count) {
    return count == 0 && first.isPresent() ? first : count == maxTokens - 1 ? last : NOTHING;
  }

  /** Whether a search by {@code convention} takes banned tokens out before the softmax. */
  boolean renormalizes(Convention convention) {
    return renormalize || convention == Convention.CTRANSLATE2;
  }

  /** Whether anything can ever be banned. */
  boolean bans() {
    return minTokens > 0 || noRepeat > 0 || !suppressed.isEmpty();
  }

  /**
   * Ids that must not come next.
   *
   * @param text prompt and new tokens
   * @param count how many of them are new
   */
  int[] banned(int[] text, int count) {
    IntStream early =
        count < minTokens ? ends.stream().mapToInt(i -> i).sorted() : IntStream.empty();
    IntStream hidden =
        suppressed.stream()
            .filter(s -> isAt(text, text.length - s.length + 1, s))
            .mapToInt(s -> s[s.length - 1]);
    return IntStream.concat(IntStream.concat(early, hidden), repeating(text)).toArray();
  }

  /** Tokens that would complete a sequence of {@code noRepeat} that is already there. */
  private IntStream repeating(int[] text) {
    if (noRepeat == 0) {
      return IntStream.empty();
    }
    return IntStream.rangeClosed(0, text.length - noRepeat)
        .filter(
            from ->
                isAt(
                    text,
                    text.length - noRepeat + 1,
                    Arrays.copyOfRange(text, from, from + noRepeat)))
        .map(from -> text[from + noRepeat - 1]);
  }

  /** Whether all of the sequence but its last token stands at {@code from} of the text. */
  private static boolean isAt(int[] text, int from, int[] sequence) {
    int n = sequence.length - 1;
    return from >= 0 && Arrays.equals(text, from, from + n, sequence, 0, n);
  }
}
