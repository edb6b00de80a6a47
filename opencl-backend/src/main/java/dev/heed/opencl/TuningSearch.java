package dev.heed.opencl;

import dev.heed.device.Tuner.Choice;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * Looks for a group's fastest numbers: all that go together where they are few, else some by chance
 * and then, from the best of these, one number after the other.
 */
final class TuningSearch {
  /** A candidate replaces what a device has only if it takes less than this share of its time. */
  private static final double GAIN = 0.98;

  /** Turns in which the best and what the device has are measured again. */
  private static final int TURNS = 3;

  private static final long SEED = 1;

  private final OpenClDevice device;
  private final Tunable.Group group;
  private final TuningTrial trial;
  private final Runnable onTried;
  private final Set<Map<Tunable, Integer>> seen = new LinkedHashSet<>();
  private final List<String> skipped = new ArrayList<>();
  private Tuning best;
  private double bestMillis;

  /**
   * A search.
   *
   * @param onTried told after each candidate
   */
  TuningSearch(OpenClDevice device, Tunable.Group group, TuningTrial trial, Runnable onTried) {
    this.device = device;
    this.group = group;
    this.trial = trial;
    this.onTried = onTried;
  }

  /** Combinations of a group's values that a device can do. */
  static List<Map<Tunable, Integer>> candidates(Tunable.Group group, OpenClDevice device) {
    return Tuning.combinations(group).stream()
        .filter(c -> group.fits(device.tuning().with(c, ""), device.driver()))
        .toList();
  }

  /** The best of at most so many candidates, what the device has among them. */
  Choice best(int most) {
    Tuning before = device.tuning();
    best = before;
    bestMillis = Double.POSITIVE_INFINITY;
    attempt(before.of(group));
    double millisBefore = bestMillis;
    List<Map<Tunable, Integer>> all = new ArrayList<>(candidates(group, device));
    if (all.size() <= most) {
      all.forEach(this::attempt);
    } else {
      Collections.shuffle(all, new Random(SEED));
      all.stream().limit(most / 2).forEach(this::attempt);
      descend(most);
    }
    double[] again = compare(before, millisBefore);
    return new Choice(
        group.key(),
        byName(before),
        byName(best),
        again[0],
        again[1],
        seen.size(),
        List.copyOf(skipped));
  }

  private Map<String, Integer> byName(Tuning tuning) {
    Map<String, Integer> names = new TreeMap<>();
    tuning.of(group).forEach((t, v) -> names.put(t.macro(), v));
    return names;
  }

  /** Changes one number after the other, as long as that helps. */
  private void descend(int most) {
    Tuning start;
    do {
      start = best;
      for (Tunable tunable : group.tunables()) {
        for (int value : tunable.legal()) {
          Tuning next = best.with(Map.of(tunable, value), "");
          if (seen.size() < most && group.fits(next, device.driver())) {
            attempt(next.of(group));
          }
        }
      }
    } while (best != start && seen.size() < most);
  }

  private void attempt(Map<Tunable, Integer> values) {
    if (!seen.add(values)) {
      return;
    }
    Tuning tuning = device.tuning().with(values, "heed tune");
    TuningTrial.Outcome outcome = trial.measure(tuning, bestMillis);
    outcome.failure().ifPresent(why -> skipped.add(values + ": " + why));
    if (outcome.millis() < bestMillis) {
      best = tuning;
      bestMillis = outcome.millis();
    }
    onTried.run();
  }

  /** Measures both in turns; keeps what the device has unless the other is clearly faster. */
  private double[] compare(Tuning before, double millisBefore) {
    if (best.of(group).equals(before.of(group))) {
      return new double[] {bestMillis, bestMillis};
    }
    if (Double.isInfinite(millisBefore)) {
      return new double[] {millisBefore, bestMillis};
    }
    double old = Double.POSITIVE_INFINITY;
    double other = Double.POSITIVE_INFINITY;
    for (int i = 0; i < TURNS; i++) {
      old = Math.min(old, trial.measure(before, Double.POSITIVE_INFINITY).millis());
      other = Math.min(other, trial.measure(best, Double.POSITIVE_INFINITY).millis());
    }
    if (other >= GAIN * old) {
      best = before;
      other = old;
    }
    return new double[] {old, other};
  }
}
