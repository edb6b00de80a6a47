package dev.heed.device;

import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A weight as a checkpoint holds it, mapped and not copied.
 *
 * @param name for messages
 * @param parts row-major pieces whose rows follow each other: [q, k, v] or [gate, up] become one
 *     weight
 * @param shape logical [N, K]: N outputs (or table rows) of K inputs, all parts together
 * @param dtype of every part
 * @param transposed true if the parts hold [K, N] instead (GPT-2's Conv1D); then there is one part,
 *     of a plain type
 * @param use how ops read it
 */
public record HostWeight(
    String name, List<MemorySegment> parts, Shape shape, DType dtype, boolean transposed, Use use) {

  /**
   * @throws IllegalArgumentException if the parts do not hold {@code shape} in {@code dtype}
   */
  public HostWeight {
    parts = List.copyOf(parts);
    if (shape.rank() != 2) {
      throw new IllegalArgumentException(name + ": a weight has two dimensions, this one " + shape);
    }
    if (transposed && (dtype.isBlock() || parts.size() != 1)) {
      throw new IllegalArgumentException(
          name
              + ": a transposed weight is one part of a plain type, not "
              + parts.size()
              + " of "
              + dtype);
    }
    long row = dtype.bytes(shape.dim(1));
    long bytes = 0;
    for (MemorySegment part : parts) {
      if (!transposed && row > 0 && part.byteSize() % row != 0) {
        throw new IllegalArgumentException(
            "%s: a part of %d bytes is not whole rows of %d".formatted(name, part.byteSize(), row));
      }
      bytes += part.byteSize();
    }
    if (bytes != dtype.bytes(shape.elements())) {
      throw new IllegalArgumentException(
          "%s: %s %s wants %d bytes, its parts have %d"
              .formatted(name, dtype, shape, dtype.bytes(shape.elements()), bytes));
    }
  }
}
