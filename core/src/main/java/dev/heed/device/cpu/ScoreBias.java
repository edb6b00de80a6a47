package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;

import dev.heed.op.Bias;
import dev.heed.tensor.Shape;

/** What is added to attention scores, number by number. */
final class ScoreBias {
  private enum Kind {
    NONE,
    DENSE,
    RELATIVE,
    ALIBI
  }

  private Kind kind;
  private long base;

  // DENSE: bytes between neighbours, 0 where broadcast
  private long perSequence;
  private long perHead;
  private long perQuery;

  // RELATIVE
  private long heads;
  private int buckets;
  private boolean bidirectional;
  private int maxDistance;

  void of(Bias bias) {
    switch (bias) {
      case Bias.None n -> kind = Kind.NONE;
      case Bias.Dense d -> {
        kind = Kind.DENSE;
        Shape s = d.values().shape();
        base = Memory.address(d.values());
        perQuery = 4 * s.dim(3);
        perHead = s.dim(1) == 1 ? 0 : perQuery * s.dim(2);
        perSequence = s.dim(0) == 1 ? 0 : 4 * d.values().rowStride();
      }
      case Bias.Relative r -> {
        kind = Kind.RELATIVE;
        base = Memory.address(r.table());
        heads = r.table().rowStride();
        buckets = (int) r.table().shape().dim(0);
        bidirectional = r.bidirectional();
        maxDistance = r.maxDistance();
      }
      case Bias.Alibi a -> {
        kind = Kind.ALIBI;
        base = Memory.address(a.slopes());
      }
    }
  }

  /** False if there is nothing to add. */
  boolean any() {
    return kind != Kind.NONE;
  }

  /** For sequence b, head h, query i at absolute position p, key j. */
  float at(long b, long h, long i, long j, long p) {
    return switch (kind) {
      case NONE -> 0;
      case DENSE -> f32(base + b * perSequence + h * perHead + i * perQuery + 4 * j);
      case RELATIVE ->
          f32(base + 4 * (bucket(j - p, buckets, bidirectional, maxDistance) * heads + h));
      case ALIBI -> -f32(base + 4 * h) * Math.abs(j - p);
    };
  }

  /**
   * T5's bucket of a distance (Raffel et al. 2020, section 2.1): half of the buckets are exact, the
   * others grow with the logarithm up to maxDistance. In F32, as the original computes it.
   */
  static long bucket(long distance, int all, boolean bidirectional, int maxDistance) {
    int count = bidirectional ? all / 2 : all;
    long side = bidirectional && distance > 0 ? count : 0;
    long d = bidirectional ? Math.abs(distance) : Math.max(0, -distance);
    int exact = count / 2;
    if (d < exact) {
      return side + d;
    }
    float share =
        (float) Math.log((float) d / exact) / (float) Math.log((double) maxDistance / exact);
    return side + Math.min(count - 1, exact + (long) (share * (count - exact)));
  }
}
