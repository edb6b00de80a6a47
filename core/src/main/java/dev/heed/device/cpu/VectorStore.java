package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.ALL;
import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/** Results of a whole panel, F32 [m][2 vectors], to where they belong. */
final class VectorStore {
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private VectorStore() {}

  static void addBias(long c, int m, long bias) {
    FloatVector b0 = fromMemorySegment(F, ALL, bias, ORDER);
    FloatVector b1 = fromMemorySegment(F, ALL, bias + BYTES, ORDER);
    for (int i = 0; i < m; i++) {
      long at = c + 2L * i * BYTES;
      fromMemorySegment(F, ALL, at, ORDER).add(b0).intoMemorySegment(ALL, at, ORDER);
      fromMemorySegment(F, ALL, at + BYTES, ORDER)
          .add(b1)
          .intoMemorySegment(ALL, at + BYTES, ORDER);
    }
  }

  static void store(long out, long outStride, long c, int m) {
    for (int i = 0; i < m; i++) {
      long at = c + 2L * i * BYTES;
      long to = out + i * outStride;
      fromMemorySegment(F, ALL, at, ORDER).intoMemorySegment(ALL, to, ORDER);
      fromMemorySegment(F, ALL, at + BYTES, ORDER).intoMemorySegment(ALL, to + BYTES, ORDER);
    }
  }

  static void add(long out, long outStride, long residual, long residualStride, long c, int m) {
    for (int i = 0; i < m; i++) {
      long at = c + 2L * i * BYTES;
      long to = out + i * outStride;
      long from = residual + i * residualStride;
      fromMemorySegment(F, ALL, at, ORDER)
          .add(fromMemorySegment(F, ALL, from, ORDER))
          .intoMemorySegment(ALL, to, ORDER);
      fromMemorySegment(F, ALL, at + BYTES, ORDER)
          .add(fromMemorySegment(F, ALL, from + BYTES, ORDER))
          .intoMemorySegment(ALL, to + BYTES, ORDER);
    }
  }
}
