package dev.heed.tck.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.Sampling;
import dev.heed.generate.Sampler;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The host's sampler draws what {@code Op.Sample} says. */
class HostSamplerTest {
  private static final int VOCABULARY = 301;
  private static final long SEED = 0x1234_5678_9abcL;

  private static double draw(int step) {
    double[] state = {(int) SEED, (int) (SEED >>> 32), step};
    return Philox.draw(state, 0, 0, 0, 0);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 1, 0, 1",
    "1, 0, 1, 0, 1",
    "0.3, 0, 1, 0, 1",
    "2, 0, 1, 0, 1",
    "1, 1, 1, 0, 1",
    "1, 5, 1, 0, 1",
    "1, 0, 0.5, 0, 1",
    "1, 0, 0.01, 0, 1",
    "1, 0, 1, 0.2, 1",
    "1, 0, 1, 0, 1.3",
    "0, 0, 1, 0, 2",
    "0.8, 40, 0.9, 0.05, 1.1"
  })
  void drawsAsTheReference(float temperature, int topK, float topP, float minP, float penalty) {
    Sampling sampling =
        Sampling.greedy()
            .temperature(temperature)
            .topK(topK)
            .topP(topP)
            .minP(minP)
            .repetitionPenalty(penalty)
            .seed(SEED);
    Sampler sampler = new Sampler(sampling, VOCABULARY);
    double[] parameters = {temperature, topK, topP, minP, penalty};
    Random random = new Random(3);
    double[] seen = new double[100];
    for (int step = 0; step < seen.length; step++) {
      float[] logits = new float[VOCABULARY];
      for (int i = 0; i < VOCABULARY; i++) {
        logits[i] = (float) random.nextGaussian();
      }
      double[] exact = new double[VOCABULARY];
      Arrays.setAll(exact, i -> logits[i]);
      int want = Fused.choose(exact, parameters, Arrays.copyOf(seen, step), draw(step));
      int got = sampler.next(MemorySegment.ofArray(logits));
      assertEquals(want, got, "step " + step);
      sampler.accept(got);
      seen[step] = got;
    }
  }

  /** Pearson's chi-square over 20000 draws from 10 ids: below the 99.9% quantile of 9 degrees. */
  @Test
  void frequencies() {
    double[] logits = new double[10];
    Arrays.setAll(logits, i -> i / 4.0);
    double[] likely = Rows.softmax(logits);
    int draws = 20_000;
    int[] counts = new int[10];
    for (int step = 0; step < draws; step++) {
      counts[Fused.choose(logits, new double[] {1, 0, 1, 0, 1}, new double[0], draw(step))]++;
    }
    double chi = 0;
    for (int i = 0; i < 10; i++) {
      double expected = draws * likely[i];
      chi += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    assertTrue(chi < 27.88, "chi-square " + chi);
  }
}
