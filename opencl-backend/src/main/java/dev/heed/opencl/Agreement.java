package dev.heed.opencl;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import java.lang.foreign.MemorySegment;

/**
 * Whether two kernels for the same op agree: numbers may differ by what another order of a sum
 * rounds, all else not at all.
 */
final class Agreement {
  private Agreement() {}

  /** Squared differences allowed, relative to the squares of what is expected. */
  private static double tolerance(DType type) {
    return switch (type) {
      case F16 -> 1e-6;
      case BF16 -> 1e-4;
      default -> 1e-10;
    };
  }

  /** Compares two dense tensors. */
  static boolean of(DType type, MemorySegment expected, MemorySegment got) {
    if (!type.isFloat()) {
      return expected.mismatch(got) < 0;
    }
    double squares = 0;
    double difference = 0;
    long n = expected.byteSize() / type.blockBytes();
    for (long i = 0; i < n; i++) {
      float e = value(type, expected, i);
      float g = value(type, got, i);
      if (!Float.isFinite(e) || !Float.isFinite(g)) {
        if (Float.compare(e, g) != 0) {
          return false;
        }
        continue;
      }
      squares += (double) e * e;
      difference += ((double) e - g) * ((double) e - g);
    }
    return difference <= tolerance(type) * squares;
  }

  private static float value(DType type, MemorySegment data, long i) {
    return switch (type) {
      case F16 -> Float.float16ToFloat(data.get(JAVA_SHORT_UNALIGNED, 2 * i));
      case BF16 -> Quants.bfloat16ToFloat(data.get(JAVA_SHORT_UNALIGNED, 2 * i));
      default -> data.get(JAVA_FLOAT_UNALIGNED, 4 * i);
    };
  }
}
