package dev.heed.generate;

import dev.heed.device.CommandQueue;
import dev.heed.device.Usage;
import dev.heed.nn.Batch;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The small whole-number tensors that a step of one sequence reads, on the device, and the host's
 * end of their transfers.
 */
final class StepState {
  private final CommandQueue queue;
  private final Arena arena;
  private final int capacity;
  private final MemorySegment staging;
  private final Tensor ids;
  private final Tensor positions;
  private final Tensor offsets;
  private final Tensor starts;
  private final Tensor lengths;
  private final Tensor one;

  /** State for steps of up to {@code capacity} tokens. */
  StepState(CommandQueue queue, int capacity, Arena arena) {
    this.queue = queue;
    this.arena = arena;
    this.capacity = capacity;
    this.staging = arena.allocate(ValueLayout.JAVA_INT, Math.max(capacity, 2));
    this.ids = ints(capacity);
    this.positions = ints(capacity);
    this.offsets = ints(2);
    this.starts = ints(1);
    this.lengths = ints(1);
    this.one = constant(1);
  }

  private Tensor ints(int n) {
    return Tensor.allocate(queue.device(), Usage.STATE, arena, DType.I32, Shape.of(n));
  }

  /** A new I32 tensor with these values. */
  Tensor constant(int... values) {
    Tensor t = ints(values.length);
    try (Arena local = Arena.ofConfined()) {
      queue.upload(local.allocateFrom(ValueLayout.JAVA_INT, values), t);
    }
    return t;
  }

  /** Loads tokens {@code from} to {@code from + n} at positions that begin with {@code start}. */
  Batch load(int[] tokens, int from, int n, int start) {
    MemorySegment.copy(tokens, from, staging, ValueLayout.JAVA_INT, 0, n);
    upload(ids.rows(0, n));
    for (int i = 0; i < n; i++) {
      staging.setAtIndex(ValueLayout.JAVA_INT, i, start + i);
    }
    upload(positions.rows(0, n));
    set(starts, start);
    set(lengths, start + n);
    staging.setAtIndex(ValueLayout.JAVA_INT, 0, 0);
    staging.setAtIndex(ValueLayout.JAVA_INT, 1, n);
    upload(offsets);
    return new Batch(
        ids.rows(0, n), positions.rows(0, n), new Sequences(offsets, starts, n, start + n));
  }

  /** Sets a tensor of one element. */
  void set(Tensor t, int value) {
    staging.setAtIndex(ValueLayout.JAVA_INT, 0, value);
    upload(t);
  }

  private void upload(Tensor to) {
    queue.upload(staging.asSlice(0, to.byteSize()), to);
  }

  int capacity() {
    return capacity;
  }

  Tensor ids() {
    return ids;
  }

  Tensor positions() {
    return positions;
  }

  Tensor offsets() {
    return offsets;
  }

  Tensor starts() {
    return starts;
  }

  Tensor lengths() {
    return lengths;
  }

  Tensor one() {
    return one;
  }
}
