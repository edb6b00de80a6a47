package dev.heed.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.Sampling;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final MemorySegment LOGITS =
      Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, 1, 3, 2, 3, -1);
  private static final int DRAWS = 20_000;

  /** Draws many times and gives how often each id came. */
  private static double[] frequencies(Sampling sampling) {
    Sampler sampler = new Sampler(sampling, 5);
    double[] f = new double[5];
    for (int i = 0; i < DRAWS; i++) {
      f[sampler.next(LOGITS)] += 1.0 / DRAWS;
    }
    return f;
  }

  private static void assertDistribution(double[] frequencies, double... logWeights) {
    double total = 0;
    for (double w : logWeights) {
      total += Math.exp(w);
    }
    for (int i = 0; i < 5; i++) {
      assertEquals(Math.exp(logWeights[i]) / total, frequencies[i], 0.015, "id " + i);
    }
  }

  private static final double NONE = Double.NEGATIVE_INFINITY;

  @Test
  void greedyTakesTheLowestOfEquals() {
    assertEquals(1, new Sampler(Sampling.greedy(), 5).next(LOGITS));
  }

  @Test
  void temperature() {
    assertDistribution(frequencies(Sampling.greedy().temperature(1)), 1, 3, 2, 3, -1);
    assertDistribution(frequencies(Sampling.greedy().temperature(2)), 0.5, 1.5, 1, 1.5, -0.5);
  }

  @Test
  void topK() {
    Sampling s = Sampling.greedy().temperature(1);
    assertDistribution(frequencies(s.topK(1)), NONE, 0, NONE, NONE, NONE);
    assertDistribution(frequencies(s.topK(3)), NONE, 3, 2, 3, NONE);
    assertDistribution(frequencies(s.topK(50)), 1, 3, 2, 3, -1);
  }

  @Test
  void topP() {
    Sampling s = Sampling.greedy().temperature(1);
    // Probabilities: 0.39, 0.39, 0.14, 0.05, 0.01.
    assertDistribution(frequencies(s.topP(0.3f)), NONE, 0, NONE, NONE, NONE);
    assertDistribution(frequencies(s.topP(0.6f)), NONE, 3, NONE, 3, NONE);
    assertDistribution(frequencies(s.topP(0.9f)), NONE, 3, 2, 3, NONE);
  }

  @Test
  void minP() {
    Sampling s = Sampling.greedy().temperature(1);
    assertDistribution(frequencies(s.minP(0.3f)), NONE, 3, 2, 3, NONE);
    assertDistribution(frequencies(s.minP(0.1f)), 1, 3, 2, 3, NONE);
  }

  @Test
  void repetitionPenaltyDividesPositiveAndMultipliesNegative() {
    Sampler sampler = new Sampler(Sampling.greedy().repetitionPenalty(2), 5);
    sampler.accept(1);
    assertEquals(3, sampler.next(LOGITS));
    sampler.accept(3);
    assertEquals(2, sampler.next(LOGITS));
    MemorySegment negative =
        Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, -1, -1.5f, -9, -9, -9);
    Sampler other = new Sampler(Sampling.greedy().repetitionPenalty(2), 5);
    other.accept(0);
    assertEquals(1, other.next(negative));
  }

  @Test
  void theSeedDecides() {
    Sampling s = Sampling.greedy().temperature(1);
    Sampler a = new Sampler(s.seed(7), 5);
    Sampler b = new Sampler(s.seed(7), 5);
    Sampler c = new Sampler(s.seed(8), 5);
    int different = 0;
    for (int i = 0; i < 100; i++) {
      int id = a.next(LOGITS);
      assertEquals(id, b.next(LOGITS));
      different += id == c.next(LOGITS) ? 0 : 1;
    }
    assertTrue(different > 10, "seeds 7 and 8 differ in " + different + " of 100");
  }

  @Test
  void nanIsNeverChosen() {
    MemorySegment some =
        Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, Float.NaN, 1, Float.NaN, 0, 0);
    Sampler sampler = new Sampler(Sampling.greedy().temperature(1), 5);
    for (int i = 0; i < 100; i++) {
      int id = sampler.next(some);
      assertTrue(id == 1 || id > 2, "chose " + id);
    }
    MemorySegment none =
        Arena.global()
            .allocateFrom(
                ValueLayout.JAVA_FLOAT,
                new float[] {Float.NaN, Float.NaN, Float.NaN, Float.NaN, Float.NaN});
    assertThrows(ArithmeticException.class, () -> sampler.next(none));
  }

  @Test
  void settingsOutOfRangeAreNamed() {
    var e = assertThrows(IllegalArgumentException.class, () -> Sampling.greedy().topP(0));
    assertEquals("top-p 0.0: want more than 0 and at most 1", e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> Sampling.greedy().temperature(-1));
    assertThrows(IllegalArgumentException.class, () -> Sampling.greedy().maxTokens(0));
  }
}
