package dev.heed.nn;

import static dev.heed.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.heed.OnDevice;
import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.op.Random;
import dev.heed.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Dropout alone and around a sublayer. */
class DropoutTest {
  private static final int N = 4096;
  private final OnDevice on = new OnDevice();

  @AfterEach
  void close() {
    on.close();
  }

  private Random random(float probability, int seed) {
    return new Random(probability, on.ints(seed, 0, 0));
  }

  private Tensor ones() {
    double[] ones = new double[N];
    Arrays.fill(ones, 1);
    return on.floats(ones, 1, N);
  }

  private double[] drop(Dropout dropout) {
    Tensor x = ones();
    dropout.forward(on.ops(), x);
    return on.values(x);
  }

  @Test
  void isTheIdentityInInference() {
    assertClose(on.values(ones()), drop(Dropout.NONE), 0);
  }

  @Test
  void dropsTheProbabilityAndScalesTheRest() {
    double[] x = drop(Dropout.of(random(0.25f, 3)));
    long dropped = Arrays.stream(x).filter(v -> v == 0).count();
    // 5 standard deviations of a binomial distribution
    assertEquals(N * 0.25, dropped, 5 * Math.sqrt(N * 0.25 * 0.75));
    assertEquals(N - dropped, Arrays.stream(x).filter(v -> v == 1 / 0.75f).count());
  }

  @Test
  void theSeedDecidesAndEachRunDiffers() {
    Dropout one = Dropout.of(random(0.5f, 7));
    double[] first = drop(one);
    double[] second = drop(one);
    assertArrayEquals(first, drop(Dropout.of(random(0.5f, 7))));
    assertFalse(Arrays.equals(first, second), "the second run has other numbers");
    assertFalse(Arrays.equals(first, drop(Dropout.of(random(0.5f, 8)))), "another seed");
  }

  /** x + dropout(f(x)), with f(x) = 2 x: each element is 1 or 1 + 2 / (1 - p). */
  @Test
  void dropsWhatASublayerGives() {
    Norm none = new Norm(Optional.empty(), Optional.empty(), 0, NormKind.L2);
    AddNorm addNorm = AddNorm.pre(none).withDropout(random(0.5f, 1));
    Tensor x = ones();
    addNorm.around(
        on.ops(),
        on.workspace(),
        x,
        (residual, h) -> {
          Tensor twice = on.floats(1, N);
          on.ops().run(new Op.Add(twice, x, x));
          on.ops().run(new Op.Add(residual, residual, twice));
        });
    double[] got = on.values(x);
    long kept = Arrays.stream(got).filter(v -> v == 5).count();
    assertEquals(N / 2.0, kept, 5 * Math.sqrt(N / 4.0));
    assertEquals(N - kept, Arrays.stream(got).filter(v -> v == 1).count());
  }
}
