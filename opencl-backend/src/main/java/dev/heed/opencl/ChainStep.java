package dev.heed.opencl;

import dev.heed.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;

/**
 * An op of a chain as chain.cl reads it: numbers, and tensors as a buffer's number and a byte in
 * it.
 *
 * @param operation which it is
 * @param items work-items; of products, panels: {@link Shares} makes items of them
 * @param tensors in the fields from 0 on, two each
 * @param numbers in those behind
 */
record ChainStep(Operation operation, int items, List<Optional<Tensor>> tensors, int... numbers) {
  /** {@code long}s of a step. */
  static final int SIZE = 40;

  private static final int FIELDS = 2;

  /** As chain.cl numbers them. */
  enum Operation {
    PRODUCT,
    GATED_PRODUCT,
    NORM,
    ROUND,
    ROPE_STORE
  }

  boolean isProduct() {
    return operation.compareTo(Operation.GATED_PRODUCT) <= 0;
  }

  /**
   * How work-items share the panels of a product: one for each core a long run, as memory likes to
   * be read, and a quarter of all in short ones, so that cores end together.
   *
   * @param large size of the first {@code count}
   * @param small size of the others
   */
  record Shares(int large, int small, int count, int items) {
    /** Shares of {@code units} panels, or panels at a time. */
    static Shares of(int units, int cores) {
      int large = units * 3 / (4 * cores);
      int small = Math.max(1, units / (16 * cores));
      return new Shares(large, small, cores, cores + Math.ceilDiv(units - cores * large, small));
    }
  }

  /**
   * Writes it.
   *
   * @param first number of its first work-item in the chain
   * @param shares of a product
   * @param buffers gives a buffer its number
   */
  void write(
      long[] to, int at, int first, Optional<Shares> shares, ToIntFunction<OpenClBuffer> buffers) {
    to[at] = first;
    to[at + 1] = operation.ordinal();
    int next = at + FIELDS;
    for (Optional<Tensor> t : tensors) {
      to[next++] = t.isEmpty() ? -1 : buffers.applyAsInt((OpenClBuffer) t.get().buffer());
      to[next++] = t.isEmpty() ? 0 : t.get().byteOffset();
    }
    for (int number : numbers) {
      to[next++] = number;
    }
    if (shares.isPresent()) {
      to[next++] = shares.get().large();
      to[next++] = shares.get().small();
      to[next] = shares.get().count();
    }
  }
}
