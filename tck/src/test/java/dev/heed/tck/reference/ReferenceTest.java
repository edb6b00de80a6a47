package dev.heed.tck.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.op.Activation;
import dev.heed.tensor.Shape;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The reference against tables and other people's numbers. */
class ReferenceTest {
  /** Abramowitz and Stegun 1964, table 7.1, and asymptotics of erfc. */
  @Test
  void errorFunction() {
    assertEquals(1, NormalDistribution.erfc(0), 1e-16);
    assertEquals(1 - 0.5204998778, NormalDistribution.erfc(0.5), 1e-10);
    assertEquals(1 - 0.8427007929, NormalDistribution.erfc(1), 1e-10);
    assertEquals(1 - 0.9953222650, NormalDistribution.erfc(2), 1e-10);
    assertEquals(1 + 0.8427007929, NormalDistribution.erfc(-1), 1e-10);
    assertEquals(1.5374597944280349e-12, NormalDistribution.erfc(5), 1e-24);
    assertEquals(2.0884875837625448e-45, NormalDistribution.erfc(10), 1e-57);
  }

  /** Both ways to compute erfc agree where they meet. */
  @Test
  void errorFunctionIsSmooth() {
    double below = NormalDistribution.erfc(Math.nextDown(2.5));
    assertEquals(below, NormalDistribution.erfc(2.5), below * 1e-11);
  }

  /** What transformers' T5Attention gives for 32 buckets up to distance 128. */
  @Test
  void relativeBuckets() {
    int[] distances = {
      0, 1, 7, 8, 9, 11, 12, 15, 16, 22, 23, 31, 32, 45, 46, 63, 64, 90, 91, 127, 128, 1000
    };
    int[] buckets = {
      0, 1, 7, 8, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 15, 15
    };
    for (int i = 0; i < distances.length; i++) {
      assertEquals(
          buckets[i], RelativeBuckets.of(-distances[i], true, 32, 128), "behind " + distances[i]);
      int ahead = distances[i] == 0 ? 0 : 16 + buckets[i];
      assertEquals(ahead, RelativeBuckets.of(distances[i], true, 32, 128), "ahead " + distances[i]);
    }
    assertEquals(0, RelativeBuckets.of(5, false, 32, 128));
    assertEquals(15, RelativeBuckets.of(-15, false, 32, 128));
    assertEquals(16, RelativeBuckets.of(-16, false, 32, 128));
    assertEquals(31, RelativeBuckets.of(-128, false, 32, 128));
  }

  /** NumPy's rules. */
  @Test
  void broadcasting() {
    Shape to = Shape.of(2, 3, 2);
    assertArrayEquals(new int[] {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, sources(to, Shape.of(2)));
    assertArrayEquals(new int[] {0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2}, sources(to, Shape.of(3, 1)));
    assertArrayEquals(
        new int[] {0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3}, sources(to, Shape.of(2, 1, 2)));
    assertArrayEquals(new int[12], sources(to, Shape.of()));
  }

  private static int[] sources(Shape to, Shape from) {
    return IntStream.range(0, (int) to.elements())
        .map(i -> Elementwise.source(i, to, from))
        .toArray();
  }

  @Test
  void activations() {
    assertEquals(0.8413447460685429, Elementwise.activate(Activation.GELU, 1), 1e-15);
    assertEquals(-0.15865525393145707, Elementwise.activate(Activation.GELU, -1), 1e-15);
    assertEquals(0.8411919906082768, Elementwise.activate(Activation.GELU_TANH, 1), 1e-15);
    assertEquals(0.7310585786300049, Elementwise.activate(Activation.SILU, 1), 1e-15);
    assertEquals(0, Elementwise.activate(Activation.SILU, -1000), 0);
    assertEquals(0.5, Elementwise.activate(Activation.SIGMOID, 0), 0);
  }

  @Test
  void ordering() {
    double nan = Double.NaN;
    assertArrayEquals(
        new int[] {4, 1, 2, 5, 0, 3},
        Rows.descending(new double[] {nan, 0.0, -0.0, nan, 2, Double.NEGATIVE_INFINITY}));
  }
}
