package dev.heed.generate;

import dev.heed.device.CommandQueue;
import dev.heed.device.Usage;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Whole numbers on the device whose values the host knows: it uploads only what has changed. */
final class DeviceInts {
  private final CommandQueue queue;
  private final Tensor tensor;
  private final MemorySegment staging;
  private final int[] known;
  private int knownCount;

  /** Room for {@code capacity} of them. */
  DeviceInts(CommandQueue queue, int capacity, Arena arena) {
    this.queue = queue;
    this.tensor =
        Tensor.allocate(queue.device(), Usage.STATE, arena, DType.I32, Shape.of(capacity));
    this.staging = arena.allocate(ValueLayout.JAVA_INT, capacity);
    this.known = new int[capacity];
  }

  /** I32 [n]: the first {@code n}. */
  Tensor first(int n) {
    return tensor.rows(0, n);
  }

  /** Makes the first {@code n} equal to those of {@code values}. */
  Tensor set(int[] values, int n) {
    if (n > knownCount || !Arrays.equals(values, 0, n, known, 0, n)) {
      MemorySegment.copy(values, 0, staging, ValueLayout.JAVA_INT, 0, n);
      queue.upload(staging.asSlice(0, DType.I32.bytes(n)), first(n));
      System.arraycopy(values, 0, known, 0, n);
      knownCount = Math.max(n, knownCount);
    }
    return first(n);
  }

  /** Takes note that the device added 1 to the first {@code n}. */
  void increment(int n) {
    for (int i = 0; i < n; i++) {
      known[i]++;
    }
  }
}
