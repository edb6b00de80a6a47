package dev.heed.generate;

import dev.heed.Sampling;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * Goes on with one token at a time, the likeliest or one drawn at random, and never looks back.
 * Several prompts at once do not influence each other.
 */
public final class GreedySearch {
  /** Told each new token. */
  @FunctionalInterface
  public interface Listener {
    /** A token, not an end token, of a prompt. */
    void token(int prompt, int id);
  }

  private final BatchDecoder decoder;
  private final TokenRules rules;
  private final BeamOptions scoring;
  private final Sampling sampling;

  /**
   * A search by {@code decoder}.
   *
   * @param scoring says how hypotheses are scored
   * @param sampling how tokens are drawn
   */
  public GreedySearch(
      BatchDecoder decoder, TokenRules rules, BeamOptions scoring, Sampling sampling) {
    this.decoder = decoder;
    this.rules = rules;
    this.scoring = scoring;
    this.sampling = sampling;
  }

  /** A prompt on its way. */
  private final class Run {
    final int index;
    final int[] prompt;
    final TokenRules limited;
    final Sampler sampler;
    Beam beam = Beam.root();
    int row; // in the decoder's present batch
    boolean ended;

    Run(int index, int[] prompt) {
      this.index = index;
      this.prompt = prompt;
      // The last token needs no position.
      int room = decoder.context() - prompt.length + 1;
      this.limited = rules.maxTokens(Math.min(rules.maxTokens(), room));
      this.sampler = draws() ? new Sampler(sampling, decoder.vocabulary()) : null;
      if (sampler != null) {
        Arrays.stream(prompt).forEach(sampler::accept);
      }
    }

    int[] banned() {
      return limited.banned(beam.text(prompt), beam.count());
    }

    /** Takes the next token; whether the text goes on. */
    boolean take(int id, float logProb, Listener listener) {
      beam = beam.then(id, logProb);
      ended = rules.ends().contains(id);
      if (ended) {
        return false;
      }
      listener.token(index, id);
      if (sampler != null) {
        sampler.accept(id);
      }
      return beam.count() < limited.maxTokens();
    }

    Hypothesis finish(int prefix) {
      float score = scoring.score(beam.sum(), prefix, beam.count(), ended);
      return beam.finish(ended, score);
    }
  }

  /**
   * A continuation of each prompt.
   *
   * @param prompts no more than the decoder has rows
   * @param prefix how many tokens at the end of each prompt count as text
   * @param cancelled asked before each step; true ends the texts as they stand
   * @throws ArithmeticException if the model's logits are not finite
   */
  public List<Hypothesis> search(
      List<int[]> prompts, int prefix, Listener listener, BooleanSupplier cancelled) {
    List<Run> runs = new ArrayList<>();
    prompts.forEach(p -> runs.add(new Run(runs.size(), p)));
    decoder.begin(prompts, cancelled);
    List<Run> open = runs;
    while (!open.isEmpty() && !cancelled.getAsBoolean()) {
      open = advance(open, listener);
      if (!open.isEmpty()) {
        decoder.step(
            open.stream().mapToInt(r -> r.row).toArray(),
            open.stream().mapToInt(r -> r.beam.token()).toArray());
      }
    }
    return runs.stream().map(r -> r.finish(prefix)).toList();
  }

  private boolean draws() {
    return sampling.temperature() > 0 || sampling.repetitionPenalty() != 1;
  }

  private List<Run> advance(List<Run> runs, Listener listener) {
    int[][] banned = rules.bans() ? runs.stream().map(Run::banned).toArray(int[][]::new) : null;
    Choice choice = draws() ? new Drawn(decoder.logits()) : new Likeliest(banned);
    List<Run> open = new ArrayList<>();
    for (int row = 0; row < runs.size(); row++) {
      Run run = runs.get(row);
      run.row = row;
      OptionalInt forced = run.limited.forced(run.beam.count());
      int id = forced.isPresent() ? forced.getAsInt() : choice.id(run, banned);
      float logProb = forced.isPresent() ? 0 : choice.logProb(run, id);
      if (run.take(id, logProb, listener)) {
        open.add(run);
      }
    }
    return open;
  }

  /** Chooses a row's next token. */
  private interface Choice {
    int id(Run run, int[][] banned);

    float logProb(Run run, int id);
  }

  private final class Likeliest implements Choice {
    private final Ranking ranking;

    Likeliest(int[][] banned) {
      ranking = decoder.rank(1, banned, rules.renormalizes(scoring.convention()));
    }

    @Override
    public int id(Run run, int[][] banned) {
      return ranking.id(run.row, 0);
    }

    @Override
    public float logProb(Run run, int id) {
      return Sampler.finite(ranking.logProb(run.row, 0));
    }
  }

  private final class Drawn implements Choice {
    private final MemorySegment logits;

    Drawn(MemorySegment logits) {
      this.logits = logits;
    }

    private MemorySegment row(Run run) {
      long bytes = (long) decoder.vocabulary() * Float.BYTES;
      return logits.asSlice(run.row * bytes, bytes);
    }

    @Override
    public int id(Run run, int[][] banned) {
      if (banned != null) {
        for (int id : banned[run.row]) {
          row(run).setAtIndex(ValueLayout.JAVA_FLOAT, id, Float.NEGATIVE_INFINITY);
        }
      }
      return run.sampler.next(row(run));
    }

    /** log softmax, whatever the temperature. */
    @Override
    public float logProb(Run run, int id) {
      float[] values = row(run).toArray(ValueLayout.JAVA_FLOAT);
      double max = Double.NEGATIVE_INFINITY;
      for (float v : values) {
        max = Math.max(max, v);
      }
      double total = 0;
      for (float v : values) {
        total += Math.exp(v - max);
      }
      return (float) (values[id] - max - Math.log(total));
    }
  }
}
