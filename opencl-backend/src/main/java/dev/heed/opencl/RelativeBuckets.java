package dev.heed.opencl;

import dev.heed.device.Usage;
import dev.heed.op.Bias;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * T5's buckets of relative positions (Raffel et al. 2020, section 2.1) as tables on the device: a
 * kernel that took logarithms itself would round some distances into the neighbouring bucket. A
 * queue makes a table when an op first wants it.
 */
final class RelativeBuckets {
  private record Table(int buckets, boolean bidirectional, int maxDistance, Tensor values) {}

  private final OpenClDevice device;
  private final Transfers transfers;
  private final Arena arena;
  private final List<Table> tables = new ArrayList<>();

  /** Tables that live as long as {@code arena}. */
  RelativeBuckets(OpenClDevice device, Transfers transfers, Arena arena) {
    this.device = device;
    this.transfers = transfers;
    this.arena = arena;
  }

  /** I32: the bucket of each distance from 0 on; the last number holds for all beyond. */
  Tensor of(Bias.Relative bias) {
    int buckets = Math.toIntExact(bias.table().shape().dim(0));
    for (Table t : tables) {
      if (t.buckets == buckets
          && t.bidirectional == bias.bidirectional()
          && t.maxDistance == bias.maxDistance()) {
        return t.values;
      }
    }
    int[] values = table(oneSide(buckets, bias.bidirectional()), bias.maxDistance());
    Tensor made =
        Tensor.of(
            device.allocate(4L * values.length, Usage.STATE, arena),
            0,
            Shape.of(values.length),
            DType.I32);
    transfers.upload(MemorySegment.ofArray(values), made);
    tables.add(new Table(buckets, bias.bidirectional(), bias.maxDistance(), made));
    return made;
  }

  /** How far a key behind the query is from the same distance before it; 0: they have no own. */
  static int behind(Bias.Relative bias) {
    return bias.bidirectional() ? Math.toIntExact(bias.table().shape().dim(0)) / 2 : 0;
  }

  private static int oneSide(int buckets, boolean bidirectional) {
    return bidirectional ? buckets / 2 : buckets;
  }

  /**
   * The bucket of each distance, in F64: the first half of {@code count} exact, the others
   * logarithmic up to {@code maxDistance}.
   */
  static int[] table(int count, int maxDistance) {
    int exact = count / 2;
    int[] bucket = new int[Math.max(exact, maxDistance) + 1];
    for (int d = 0; d < bucket.length; d++) {
      double share = Math.log((double) d / exact) / Math.log((double) maxDistance / exact);
      bucket[d] = d < exact ? d : Math.min(count - 1, exact + (int) (share * (count - exact)));
    }
    return bucket;
  }
}
