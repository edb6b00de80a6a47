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
 * @param items work-items; of products, its panels
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
   * Writes it.
   *
   * @param first number of its first work-item in the chain
   * @param buffers gives a buffer its number
   */
  void write(long[] to, int at, int first, ToIntFunction<OpenClBuffer> buffers) {
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
  }
}
