package dev.heed.generate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;

/** The hypotheses of one prompt: those still open, each in a row of the batch, and the finished. */
final class BeamGroup {
  private static final Comparator<Hypothesis> BEST =
      Comparator.comparingDouble(Hypothesis::score).reversed();

  /**
   * A continuation of an open hypothesis.
   *
   * @param from which
   */
  private record Candidate(int from, Beam beam) {}

  private final int[] prompt;
  private final int prefix;
  private final TokenRules rules;
  private final BeamOptions options;
  private final List<Hypothesis> finished = new ArrayList<>();
  private List<Candidate> open = List.of(new Candidate(0, Beam.root()));
  private boolean bestEnded;

  /**
   * A prompt alone.
   *
   * @param prefix how many of its tokens belong to the text
   */
  BeamGroup(int[] prompt, int prefix, TokenRules rules, BeamOptions options) {
    this.prompt = prompt;
    this.prefix = prefix;
    this.rules = rules;
    this.options = options;
  }

  /** How many hypotheses are open. */
  int size() {
    return open.size();
  }

  /** Which of the hypotheses open before the i-th one continues. */
  int parent(int i) {
    return open.get(i).from();
  }

  /** The last token of the i-th open hypothesis. */
  int token(int i) {
    return open.get(i).beam().token();
  }

  /** What must not come next in the i-th. */
  int[] banned(int i) {
    Beam beam = open.get(i).beam();
    return rules.banned(beam.text(prompt), beam.count());
  }

  /**
   * Goes on by one token.
   *
   * @param ranking of which rows from {@code row} on are the open hypotheses
   */
  void advance(Ranking ranking, int row) {
    List<Candidate> candidates = candidates(ranking, row);
    int count = open.getFirst().beam().count() + 1;
    boolean last = count >= rules.maxTokens();
    boolean onlyTop = last && options.convention() == Convention.CTRANSLATE2;
    List<Candidate> next = new ArrayList<>();
    for (int rank = 0; rank < candidates.size(); rank++) {
      Candidate c = candidates.get(rank);
      boolean top = rank < options.beams();
      if (rules.ends().contains(c.beam().token())) {
        bestEnded |= rank == 0;
        if (top) {
          finish(c.beam(), true);
        }
      } else if (next.size() < options.beams() && (top || !onlyTop)) {
        next.add(c);
      }
    }
    boolean stuck = next.isEmpty() && finished.isEmpty();
    boolean done = !next.isEmpty() && isDone(candidates.getFirst().beam().sum(), count);
    open = stuck ? open : next;
    if (stuck || last && (onlyTop || !done)) {
      finishOpen();
    } else if (done) {
      open = List.of();
    }
  }

  /** What may come next, best first; of equals the earlier hypothesis, then the lower id. */
  private List<Candidate> candidates(Ranking ranking, int row) {
    List<Candidate> all = new ArrayList<>();
    for (int i = 0; i < open.size(); i++) {
      Beam beam = open.get(i).beam();
      OptionalInt forced = rules.forced(beam.count());
      if (forced.isPresent()) {
        all.add(new Candidate(i, beam.then(forced.getAsInt(), 0)));
        continue;
      }
      for (int j = 0; j < ranking.k(); j++) {
        float value = ranking.logProb(row + i, j);
        if (value != Float.NEGATIVE_INFINITY) {
          Sampler.finite(value);
          all.add(new Candidate(i, beam.then(ranking.id(row + i, j), value)));
        }
      }
    }
    all.sort(Comparator.comparingDouble((Candidate c) -> -c.beam().sum()));
    return all.subList(0, Math.min(all.size(), BeamSearch.candidates(options, rules)));
  }

  private boolean isDone(double bestSum, int count) {
    int enough = options.beams();
    if (options.convention() == Convention.CTRANSLATE2) {
      return options.lengthPenalty() == 0
          ? bestEnded && finished.size() >= options.nBest()
          : finished.size() >= enough;
    }
    if (finished.size() < enough) {
      return false;
    }
    double bound = options.score(bestSum, prefix, count, false);
    return options.earlyStopping() || finished.get(enough - 1).score() >= bound;
  }

  /** Ends what is open, as it stands. */
  void finishOpen() {
    open.forEach(c -> finish(c.beam(), false));
    open = List.of();
  }

  private void finish(Beam beam, boolean ended) {
    float score = options.score(beam.sum(), prefix, beam.count(), ended);
    finished.add(beam.finish(ended, score));
    finished.sort(BEST);
  }

  /** The best of the finished, best first. */
  List<Hypothesis> best() {
    return List.copyOf(finished.subList(0, Math.min(options.nBest(), finished.size())));
  }
}
