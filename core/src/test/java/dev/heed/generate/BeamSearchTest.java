package dev.heed.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Beam search over texts short enough to try all. */
class BeamSearchTest {
  private static final int VOCABULARY = 5;
  private static final int END = 2;
  private static final int[] PROMPT = {1, 3};

  /** A text, and the sum of its log-probabilities. */
  private record Text(int[] tokens, double sum, boolean ended) {
    double score(double alpha, boolean countEnd) {
      int n = tokens.length + (ended && countEnd ? 1 : 0);
      return sum / Math.pow(Math.max(n, 1), alpha);
    }
  }

  /** All texts of at most so many tokens, the end token included. */
  private static List<Text> all(TableDecoder decoder, TokenRules rules) {
    List<Text> found = new ArrayList<>();
    extend(decoder, rules, PROMPT, 0, found);
    return found;
  }

  private static void extend(
      TableDecoder decoder, TokenRules rules, int[] text, double sum, List<Text> found) {
    int count = text.length - PROMPT.length;
    int[] tokens = Arrays.copyOfRange(text, PROMPT.length, text.length);
    if (count == rules.maxTokens()) {
      found.add(new Text(tokens, sum, false));
      return;
    }
    double[] next = decoder.logProbs(text);
    for (int id = 0; id < VOCABULARY; id++) {
      if (id == END) {
        if (count >= rules.minTokens()) {
          found.add(new Text(tokens, sum + next[id], true));
        }
      } else {
        int[] longer = Arrays.copyOf(text, text.length + 1);
        longer[text.length] = id;
        extend(decoder, rules, longer, sum + next[id], found);
      }
    }
  }

  private static TokenRules rules(int min, int max) {
    return new TokenRules(
        Set.of(END), min, max, OptionalInt.empty(), OptionalInt.empty(), 0, List.of(), false);
  }

  /** With room for all texts and no reason to end early, nothing is missed. */
  @ParameterizedTest
  @CsvSource({"0, 0", "0.6, 0", "1, 0", "2, 0", "1, 2", "0, 3", "-1, 1"})
  void wideBeamsFindWhatExhaustiveSearchFinds(float alpha, int min) {
    for (int seed = 0; seed < 10; seed++) {
      TableDecoder decoder = new TableDecoder(2000, VOCABULARY, 16, seed);
      TokenRules rules = rules(min, 4);
      BeamOptions options = BeamOptions.of(1000).nBest(20).lengthPenalty(alpha);
      List<Hypothesis> found =
          new BeamSearch(decoder, rules, options)
              .search(List.of(PROMPT), 0, () -> false)
              .getFirst();
      List<Text> expected = all(decoder, rules);
      expected.sort(Comparator.comparingDouble((Text t) -> -t.score(alpha, true)));
      assertEquals(20, found.size());
      for (int i = 0; i < found.size(); i++) {
        assertArrayEquals(expected.get(i).tokens(), found.get(i).tokens());
        assertEquals(expected.get(i).score(alpha, true), found.get(i).score(), 1e-5);
        assertEquals(expected.get(i).ended(), found.get(i).ended());
        double sum = 0;
        for (float logProb : found.get(i).logProbs()) {
          sum += logProb;
        }
        assertEquals(expected.get(i).sum(), sum, 1e-5);
      }
    }
  }

  /** The scores are those of the texts, whatever the beams; more beams never do worse here. */
  @ParameterizedTest
  @EnumSource(Convention.class)
  void scoresAreThoseOfTheTexts(Convention convention) {
    for (int seed = 0; seed < 20; seed++) {
      TableDecoder decoder = new TableDecoder(64, VOCABULARY, 16, seed);
      for (int beams : new int[] {2, 4}) {
        BeamOptions options = BeamOptions.of(beams).nBest(beams).convention(convention);
        List<Hypothesis> found =
            new BeamSearch(decoder, rules(0, 5), options)
                .search(List.of(PROMPT), 1, () -> false)
                .getFirst();
        assertEquals(beams, found.size());
        for (Hypothesis h : found) {
          double sum = 0;
          int[] text = PROMPT;
          for (int id : h.tokens()) {
            sum += decoder.logProbs(text)[id];
            text = Arrays.copyOf(text, text.length + 1);
            text[text.length - 1] = id;
          }
          sum += h.ended() ? decoder.logProbs(text)[END] : 0;
          int n =
              convention == Convention.CTRANSLATE2 ? 1 + h.tokens().length : h.logProbs().length;
          assertEquals(sum / n, h.score(), 1e-5);
        }
        for (int i = 1; i < found.size(); i++) {
          assertTrue(found.get(i - 1).score() >= found.get(i).score());
        }
      }
    }
  }

  @Test
  void promptsDoNotInfluenceEachOther() {
    TableDecoder decoder = new TableDecoder(64, VOCABULARY, 40, 5);
    BeamOptions options = BeamOptions.of(3).nBest(2);
    List<int[]> prompts = List.of(new int[] {1}, new int[] {1, 4, 4}, new int[] {3, 0});
    BeamSearch search = new BeamSearch(decoder, rules(0, 12), options);
    List<List<Hypothesis>> together = search.search(prompts, 0, () -> false);
    for (int i = 0; i < prompts.size(); i++) {
      List<Hypothesis> alone = search.search(List.of(prompts.get(i)), 0, () -> false).getFirst();
      assertEquals(alone.size(), together.get(i).size());
      for (int j = 0; j < alone.size(); j++) {
        assertArrayEquals(alone.get(j).tokens(), together.get(i).get(j).tokens());
        assertEquals(alone.get(j).score(), together.get(i).get(j).score());
      }
    }
  }

  @Test
  void forcedAndForbiddenTokens() {
    TableDecoder decoder = new TableDecoder(64, VOCABULARY, 40, 7);
    TokenRules rules =
        new TokenRules(
            Set.of(END),
            0,
            8,
            OptionalInt.of(4),
            OptionalInt.of(END),
            2,
            List.of(new int[] {0}, new int[] {4, 1}),
            false);
    for (Hypothesis h :
        new BeamSearch(decoder, rules, BeamOptions.of(6).nBest(6))
            .search(List.of(PROMPT), 0, () -> false)
            .getFirst()) {
      assertEquals(4, h.tokens()[0]);
      assertEquals(0, h.logProbs()[0]);
      assertTrue(h.ended(), "the last one is the end token");
      assertTrue(h.tokens().length < 8);
      List<String> pairs = new ArrayList<>();
      for (int i = 1; i < h.tokens().length; i++) {
        pairs.add(h.tokens()[i - 1] + " " + h.tokens()[i]);
      }
      assertEquals(pairs.size(), pairs.stream().distinct().count(), pairs.toString());
      assertTrue(!pairs.contains("4 1") && Arrays.stream(h.tokens()).noneMatch(t -> t == 0));
    }
  }

  @Test
  void endsAtTheContext() {
    TableDecoder decoder = new TableDecoder(4, VOCABULARY, 6, 3);
    Hypothesis h =
        new BeamSearch(decoder, rules(100, 100), BeamOptions.of(4))
            .search(List.of(PROMPT), 0, () -> false)
            .getFirst()
            .getFirst();
    assertEquals(5, h.tokens().length, "positions 2 to 5 are read, the last token is not");
  }

  @Test
  void cancellingGivesWhatThereIs() {
    TableDecoder decoder = new TableDecoder(4, VOCABULARY, 60, 3);
    int[] asked = {0};
    List<Hypothesis> found =
        new BeamSearch(decoder, rules(50, 50), BeamOptions.of(4).nBest(4))
            .search(List.of(PROMPT), 0, () -> asked[0]++ == 3)
            .getFirst();
    assertEquals(4, found.size());
    assertEquals(3, found.getFirst().tokens().length);
  }

  @Test
  void aBeamOfOneIsGreedyUntilTheEnd() {
    for (int seed = 0; seed < 20; seed++) {
      TableDecoder decoder = new TableDecoder(4, VOCABULARY, 60, seed);
      BeamOptions one = BeamOptions.of(1).earlyStopping(true);
      List<Integer> told = new ArrayList<>();
      Hypothesis greedy =
          new GreedySearch(decoder, rules(1, 9), one, Sampling.greedy())
              .search(List.of(PROMPT), 0, (p, id) -> told.add(id), () -> false)
              .getFirst();
      Hypothesis beam =
          new BeamSearch(decoder, rules(1, 9), one)
              .search(List.of(PROMPT), 0, () -> false)
              .getFirst()
              .getFirst();
      int[] tokens = greedy.tokens();
      assertArrayEquals(told.stream().mapToInt(i -> i).toArray(), tokens);
      assertArrayEquals(beam.tokens(), tokens);
      assertEquals(beam.score(), greedy.score());
    }
  }

  @Test
  void samplingKnowsTheProbabilityOfWhatItDrew() {
    TableDecoder decoder = new TableDecoder(4, VOCABULARY, 60, 8);
    Sampling sampling = Sampling.creative().seed(4).temperature(2);
    Hypothesis h =
        new GreedySearch(decoder, rules(3, 6), BeamOptions.of(1), sampling)
            .search(List.of(PROMPT), 0, (p, id) -> {}, () -> false)
            .getFirst();
    int[] text = PROMPT;
    for (int i = 3; i < h.tokens().length; i++) {
      text = Arrays.copyOf(PROMPT, PROMPT.length + i);
      System.arraycopy(h.tokens(), 0, text, PROMPT.length, i);
      assertEquals(decoder.logProbs(text)[h.tokens()[i]], h.logProbs()[i], 1e-5);
    }
    assertTrue(h.tokens().length >= 3);
  }

  @Test
  void oneLineForBadOptions() {
    assertEquals(
        "beams 0: want at least 1",
        assertThrows(IllegalArgumentException.class, () -> BeamOptions.of(0)).getMessage());
    assertEquals(
        "n-best 5: want 1 to 4, the number of beams",
        assertThrows(IllegalArgumentException.class, () -> BeamOptions.of(4).nBest(5))
            .getMessage());
    TableDecoder decoder = new TableDecoder(4, VOCABULARY, 60, 8);
    BeamSearch search = new BeamSearch(decoder, rules(0, 5), BeamOptions.of(3));
    assertEquals(
        "2 prompts with 3 beams each: there is room for 4 sequences",
        assertThrows(
                IllegalArgumentException.class,
                () -> search.search(List.of(PROMPT, PROMPT), 0, () -> false))
            .getMessage());
  }
}
