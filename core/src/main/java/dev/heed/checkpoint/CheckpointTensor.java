package dev.heed.checkpoint;

import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A tensor in a checkpoint: a view of the mapped file, valid until the {@link Checkpoint} closes.
 *
 * @param name as the checkpoint has it
 * @param dtype how {@code data} stores the elements, little-endian
 * @param shape slowest dimension first; a linear weight is [out, in]
 * @param data {@code dtype.bytes(shape.elements())} bytes, row-major; their alignment is the
 *     file's, and may be none
 * @param transposed true if {@code data} holds the transpose of {@code shape}: [in, out] for a
 *     linear weight of {@code shape} [out, in]
 */
public record CheckpointTensor(
    String name, DType dtype, Shape shape, MemorySegment data, boolean transposed) {

  /**
   * @throws IllegalArgumentException if {@code data} has not the size that {@code shape} needs
   */
  public CheckpointTensor {
    long bytes = dtype.bytes(shape.elements());
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "%s: %s %s is %d bytes, not %d".formatted(name, dtype, shape, bytes, data.byteSize()));
    }
    if (transposed && (shape.rank() != 2 || dtype.isBlock())) {
      throw new IllegalArgumentException(
          "%s: only a matrix of a plain type can be transposed, not %s %s"
              .formatted(name, dtype, shape));
    }
  }

  /** A tensor stored as its shape says. */
  public CheckpointTensor(String name, DType dtype, Shape shape, MemorySegment data) {
    this(name, dtype, shape, data, false);
  }

  /** The same bytes read as the transpose, [b, a] for [a, b]. */
  public CheckpointTensor transpose() {
    Shape swapped = Shape.of(shape.dim(1), shape.dim(0));
    return new CheckpointTensor(name, dtype, swapped, data, !transposed);
  }

  /**
   * Rows {@code from} to {@code from + count}; all rows are the tensor itself.
   *
   * @throws IllegalArgumentException if some are asked of a transposed tensor, where they lie apart
   * @throws IndexOutOfBoundsException if it has not so many
   */
  public CheckpointTensor rows(long from, long count) {
    if (from == 0 && count == shape.dim(0)) {
      return this;
    }
    if (transposed) {
      throw new IllegalArgumentException(name + ": rows of a transposed tensor lie apart");
    }
    Objects.checkFromIndexSize(from, count, shape.dim(0));
    long row = dtype.bytes(shape.rowElements());
    return new CheckpointTensor(
        name, dtype, shape.with(0, count), data.asSlice(from * row, count * row));
  }

  /** The same tensor under another name. */
  public CheckpointTensor named(String other) {
    return new CheckpointTensor(other, dtype, shape, data, transposed);
  }
}
