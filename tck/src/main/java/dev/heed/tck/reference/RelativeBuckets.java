package dev.heed.tck.reference;

/**
 * T5's buckets of relative positions (Raffel et al. 2020, section 2.1): half of them exact, half
 * logarithmic up to a distance, as Hugging Face's {@code T5Attention._relative_position_bucket}.
 */
final class RelativeBuckets {
  private RelativeBuckets() {}

  /**
   * The bucket of a key {@code relative} positions after the query.
   *
   * @param bidirectional keys behind the query have the second half of the buckets; else they share
   *     bucket 0
   */
  static int of(int relative, boolean bidirectional, int buckets, int maxDistance) {
    int half = bidirectional ? buckets / 2 : buckets;
    int base = bidirectional && relative > 0 ? half : 0;
    int distance = bidirectional ? Math.abs(relative) : Math.max(-relative, 0);
    int exact = half / 2;
    if (distance < exact) {
      return base + distance;
    }
    double logarithmic =
        Math.log((double) distance / exact) / Math.log((double) maxDistance / exact);
    return base + Math.min(half - 1, exact + (int) (logarithmic * (half - exact)));
  }
}
