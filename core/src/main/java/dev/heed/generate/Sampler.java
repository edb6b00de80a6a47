package dev.heed.generate;

import dev.heed.Sampling;
import dev.heed.op.Philox;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Chooses the next token on the host, as {@code Op.Sample} defines it: penalty, temperature, top-k,
 * top-p, min-p, then a draw over the kept ids in ascending order. Allocates nothing after
 * construction. One thread at a time.
 */
public final class Sampler {
  private final Sampling sampling;
  private final float[] values;
  private final long[] keys;
  private final BitSet seen;
  private int step;

  /** A sampler for logits of this vocabulary. */
  public Sampler(Sampling sampling, int vocabulary) {
    this.sampling = sampling;
    this.values = new float[vocabulary];
    this.keys = new long[vocabulary];
    this.seen = new BitSet(vocabulary);
  }

  /** Tells it a token of the text so far, for the repetition penalty. */
  public void accept(int id) {
    seen.set(id);
  }

  /**
   * The next token.
   *
   * @param logits F32 [vocabulary], left as they are
   * @throws ArithmeticException if no logit is a finite number
   */
  public int next(MemorySegment logits) {
    MemorySegment.copy(logits, ValueLayout.JAVA_FLOAT, 0, values, 0, values.length);
    penalise();
    int best = argmax();
    if (sampling.temperature() == 0) {
      return best;
    }
    float max = values[best];
    double total = 0;
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.exp((values[i] - max) / sampling.temperature());
      total += Float.isNaN(values[i]) ? values[i] = 0 : values[i];
    }
    int word =
        Philox.word(0, 0, 0, 0, step++, (int) sampling.seed(), (int) (sampling.seed() >>> 32));
    return draw(restrict(total), Philox.uniform(word), best);
  }

  private void penalise() {
    float penalty = sampling.repetitionPenalty();
    if (penalty == 1) {
      return;
    }
    for (int i = seen.nextSetBit(0); i >= 0; i = seen.nextSetBit(i + 1)) {
      values[i] = values[i] > 0 ? values[i] / penalty : values[i] * penalty;
    }
  }

  private int argmax() {
    int best = -1;
    for (int i = 0; i < values.length; i++) {
      if (values[i] > (best < 0 ? Float.NEGATIVE_INFINITY : values[best])) {
        best = i;
      }
    }
    finite(best < 0 ? Float.NaN : values[best]);
    return best;
  }

  /** Makes sure that the best a model has to offer is a finite number. */
  static float finite(float best) {
    if (!Float.isFinite(best)) {
      throw new ArithmeticException(
          "the model's logits are not finite numbers: its weights are damaged or overflow");
    }
    return best;
  }

  /** Sets what top-k, top-p and min-p leave out to 0 and gives the sum of the rest. */
  private double restrict(double total) {
    int k = sampling.topK() == 0 ? values.length : Math.min(sampling.topK(), values.length);
    double kept = total;
    if (k < values.length || sampling.topP() < 1) {
      kept = keepMostLikely(k);
    }
    if (sampling.minP() > 0) {
      kept = 0;
      for (int i = 0; i < values.length; i++) {
        kept += values[i] < sampling.minP() ? values[i] = 0 : values[i];
      }
    }
    return kept;
  }

  /** Keeps the k most likely, of those the fewest that reach top-p. Equals: the lowest ids. */
  private double keepMostLikely(int k) {
    int n = 0;
    for (int i = 0; i < values.length; i++) {
      if (values[i] > 0) {
        // Ascending order of keys: most likely first, then lowest id.
        keys[n++] = ((long) ~Float.floatToRawIntBits(values[i]) << 32) | i;
      }
    }
    Arrays.sort(keys, 0, n);
    k = Math.min(k, n);
    double total = 0;
    for (int i = 0; i < k; i++) {
      total += values[(int) keys[i]];
    }
    double kept = 0;
    int last = 0;
    while (last < k && (last == 0 || kept < sampling.topP() * total)) {
      kept += values[(int) keys[last++]];
    }
    for (int i = last; i < n; i++) {
      values[(int) keys[i]] = 0;
    }
    return kept;
  }

  private int draw(double total, float uniform, int best) {
    double goal = uniform * total;
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += values[i];
      if (values[i] > 0 && sum > goal) {
        return i;
      }
    }
    return best;
  }
}
