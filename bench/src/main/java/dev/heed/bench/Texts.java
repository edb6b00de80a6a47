package dev.heed.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * English texts of known length for measuring encoders, the same on every machine. Every word is
 * one token of BERT's uncased vocabulary, so a text has exactly the number of tokens asked for.
 */
public final class Texts {
  private static final String[] PEOPLE =
      words(
          """
          teacher farmer doctor sailor painter writer singer soldier child mother father sister
          brother neighbor stranger driver baker guard student judge captain artist engineer nurse
          merchant hunter gardener lawyer dancer pilot""");
  private static final String[] THINGS =
      words(
          """
          lamp letter basket bridge garden window river mountain boat table bottle blanket clock
          mirror kettle ladder wagon hammer candle piano book painting stone engine ticket coat bell
          key box map wheel rope chair shovel lantern bucket tower fence door barn market station
          kitchen library forest valley harbor road field island castle village meadow street""");
  private static final String[] QUALITIES =
      words(
          """
          old small quiet bright heavy narrow wooden broken golden gentle cold warm empty distant
          strange green silver hidden frozen simple proud careful hungry tired young clever brave
          lonely famous dusty""");
  private static final String[] ACTIONS =
      words(
          """
          carried followed painted repaired opened watched remembered found lost moved cleaned
          measured described noticed reached left sold bought cut dropped covered lifted kept
          crossed pulled pushed built visited polished""");
  private static final String[] PLACES =
      words("across behind under near beyond toward around beside above through along against");
  private static final String[] JOINERS =
      words("and while because until although before after but when where");

  private static final int SPECIAL_TOKENS = 2; // [CLS] and [SEP]
  private static final int CLAUSE = 5; // the person did the thing
  private static final int PLACE = 3; // near the thing
  private static final int SHORTEST = CLAUSE + 1; // a clause and its full stop
  private static final int LONGEST = 30; // a sentence: the words and the full stop

  private final Random random;

  private Texts(long seed) {
    random = new Random(seed);
  }

  /** 256 sentences of 20 to 30 tokens, 25 on average. */
  public static List<String> sentences() {
    return of(256, 20, 30, 1);
  }

  /** 64 texts of 244 to 254 tokens: near the 256 that MiniLM was trained with. */
  public static List<String> passages() {
    return of(64, 244, 254, 2);
  }

  /**
   * Texts of random lengths.
   *
   * @param minTokens the least tokens of a text, its two special ones included: 8 or more
   * @param maxTokens the most, at least {@code minTokens}
   */
  public static List<String> of(int count, int minTokens, int maxTokens, long seed) {
    if (minTokens < SHORTEST + SPECIAL_TOKENS || maxTokens < minTokens) {
      throw new IllegalArgumentException(
          "texts of %d to %d tokens: at least %d, and the larger number last"
              .formatted(minTokens, maxTokens, SHORTEST + SPECIAL_TOKENS));
    }
    var texts = new Texts(seed);
    return IntStream.range(0, count)
        .mapToObj(i -> texts.text(texts.between(minTokens, maxTokens) - SPECIAL_TOKENS))
        .toList();
  }

  /** Sentences with that many words and full stops together. */
  private String text(int length) {
    var sentences = new ArrayList<String>();
    int left = length;
    while (left > 2 * LONGEST) {
      int next = between(LONGEST / 2, LONGEST);
      sentences.add(sentence(next - 1));
      left -= next;
    }
    if (left > LONGEST) {
      sentences.add(sentence(left / 2 - 1));
      left -= left / 2;
    }
    sentences.add(sentence(left - 1));
    return String.join(" ", sentences);
  }

  /** A sentence with that many words: clauses, some with a place, and adjectives for the rest. */
  private String sentence(int words) {
    while (true) {
      int clauses = between(1, words / (CLAUSE + 1) + 1);
      int places = between(0, clauses);
      int adjectives = words - (CLAUSE + 1) * clauses + 1 - PLACE * places;
      int nouns = 2 * clauses + places;
      if (adjectives >= 0 && adjectives <= nouns) {
        return sentence(clauses, choice(clauses, places), choice(nouns, adjectives));
      }
    }
  }

  private String sentence(int clauses, boolean[] placed, boolean[] adjective) {
    var words = new ArrayList<String>();
    int noun = 0;
    for (int clause = 0; clause < clauses; clause++) {
      if (clause > 0) {
        words.add(any(JOINERS));
      }
      addNoun(words, PEOPLE, adjective[noun++]);
      words.add(any(ACTIONS));
      addNoun(words, THINGS, adjective[noun++]);
      if (placed[clause]) {
        words.add(any(PLACES));
        addNoun(words, THINGS, adjective[noun++]);
      }
    }
    String text = String.join(" ", words);
    return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
  }

  private void addNoun(List<String> words, String[] nouns, boolean adjective) {
    words.add("the");
    if (adjective) {
      words.add(any(QUALITIES));
    }
    words.add(any(nouns));
  }

  /** Which {@code chosen} of {@code size} places are taken. */
  private boolean[] choice(int size, int chosen) {
    var taken = new boolean[size];
    int left = chosen;
    for (int i = 0; i < size; i++) {
      taken[i] = random.nextInt(size - i) < left;
      left -= taken[i] ? 1 : 0;
    }
    return taken;
  }

  private int between(int least, int most) {
    return least + random.nextInt(most - least + 1);
  }

  private String any(String[] words) {
    return words[random.nextInt(words.length)];
  }

  private static String[] words(String text) {
    return text.split("\\s+");
  }
}
