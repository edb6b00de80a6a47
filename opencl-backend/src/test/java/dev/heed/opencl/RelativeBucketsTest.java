package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The tables against T5Attention._relative_position_bucket in PyTorch: where buckets begin. */
class RelativeBucketsTest {
  @Test
  void bucketsBeginWhereTheyDoInPyTorch() {
    assertArrayEquals(
        new int[] {1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91}, begins(16, 128));
    assertArrayEquals(
        new int[] {
          1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 21, 24, 27, 31, 35, 40, 46, 52,
          59, 67, 77, 87, 99, 113
        },
        begins(32, 128));
    assertArrayEquals(new int[] {1, 2, 7}, begins(4, 20));
  }

  /** Distances with which another bucket begins; it is the next one. */
  private static int[] begins(int count, int maxDistance) {
    int[] bucket = RelativeBuckets.table(count, maxDistance);
    int[] begins =
        IntStream.range(1, bucket.length).filter(d -> bucket[d] != bucket[d - 1]).toArray();
    assertEquals(begins.length, bucket[maxDistance]);
    assertEquals(count - 1, bucket[maxDistance]);
    return begins;
  }
}
