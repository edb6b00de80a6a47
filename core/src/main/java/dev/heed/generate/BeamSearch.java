package dev.heed.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Beam search (Graves 2012; Sutskever et al. 2014): keeps the likeliest hypotheses of each prompt,
 * extends each by every token, and keeps the likeliest of these again, until enough have ended.
 * Prompts are searched at once and do not influence each other.
 */
public final class BeamSearch {
  private final BatchDecoder decoder;
  private final TokenRules rules;
  private final BeamOptions options;

  /** A search by {@code decoder}. */
  public BeamSearch(BatchDecoder decoder, TokenRules rules, BeamOptions options) {
    this.decoder = decoder;
    this.rules = rules;
    this.options = options;
  }

  /** Candidates of a step, enough that as many open ones as beams are among them. */
  static int candidates(BeamOptions options, TokenRules rules) {
    return options.beams() * (1 + Math.max(1, rules.ends().size()));
  }

  /**
   * The best ways to go on.
   *
   * @param prompts so many that each can have all its beams in the decoder's rows
   * @param prefix how many tokens at the end of each prompt count as text
   * @param cancelled asked before each step; true ends what is open as it stands
   * @return for each prompt its n best hypotheses, best first; fewer only where there are no more
   */
  public List<List<Hypothesis>> search(List<int[]> prompts, int prefix, BooleanSupplier cancelled) {
    if ((long) prompts.size() * options.beams() > decoder.maxRows()) {
      throw new IllegalArgumentException(
          "%d prompts with %d beams each: there is room for %d sequences"
              .formatted(prompts.size(), options.beams(), decoder.maxRows()));
    }
    List<BeamGroup> groups =
        prompts.stream().map(p -> new BeamGroup(p, prefix, limited(p.length), options)).toList();
    decoder.begin(prompts, cancelled);
    int k = Math.min(candidates(options, rules), decoder.vocabulary());
    List<BeamGroup> open = groups;
    while (!cancelled.getAsBoolean()) {
      Ranking ranking = decoder.rank(k, banned(open), rules.renormalizes(options.convention()));
      open = advance(open, ranking);
      if (open.isEmpty()) {
        break;
      }
    }
    groups.forEach(BeamGroup::finishOpen);
    return groups.stream().map(BeamGroup::best).toList();
  }

  /** The last token needs no position. */
  private TokenRules limited(int prompt) {
    return rules.maxTokens(Math.min(rules.maxTokens(), decoder.context() - prompt + 1));
  }

  private int[][] banned(List<BeamGroup> groups) {
    if (!rules.bans()) {
      return null;
    }
    return groups.stream()
        .flatMap(g -> IntStream.range(0, g.size()).mapToObj(g::banned))
        .toArray(int[][]::new);
  }

  /**
   * Chooses each group's next tokens and lets their rows read them; gives the groups still open.
   */
  private List<BeamGroup> advance(List<BeamGroup> groups, Ranking ranking) {
    List<BeamGroup> open = new ArrayList<>();
    List<Integer> parents = new ArrayList<>();
    List<Integer> ids = new ArrayList<>();
    int row = 0;
    for (BeamGroup group : groups) {
      int rows = group.size();
      group.advance(ranking, row);
      for (int i = 0; i < group.size(); i++) {
        parents.add(row + group.parent(i));
        ids.add(group.token(i));
      }
      if (group.size() > 0) {
        open.add(group);
      }
      row += rows;
    }
    if (!open.isEmpty()) {
      decoder.step(ints(parents), ints(ids));
    }
    return open;
  }

  private static int[] ints(List<Integer> list) {
    return list.stream().mapToInt(i -> i).toArray();
  }
}
