package dev.heed.tensor;

import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.Usage;
import java.lang.foreign.Arena;

/**
 * A view of a buffer: immutable, and cheap to make. It owns nothing; the buffer's arena does.
 *
 * @param buffer where the elements lie
 * @param offset of the first element from the buffer's start, in elements (whole blocks for block
 *     formats)
 * @param shape extents, slowest first
 * @param rowStride elements between indices of dimension 0; the other dimensions are dense. A slice
 *     of the columns of a wider matrix is such a view
 * @param dtype how elements are stored
 * @param layout row-major, or the device's own
 */
public record Tensor(
    DeviceBuffer buffer, long offset, Shape shape, long rowStride, DType dtype, Layout layout) {

  /** A dense row-major tensor that starts {@code offset} elements into {@code buffer}. */
  public static Tensor of(DeviceBuffer buffer, long offset, Shape shape, DType dtype) {
    return new Tensor(buffer, offset, shape, shape.rowElements(), dtype, Layout.ROW_MAJOR);
  }

  /**
   * A dense row-major tensor in memory of its own.
   *
   * @param owner frees the memory when it closes; shared
   * @throws dev.heed.device.DeviceException.OutOfMemory if the device has not as much
   */
  public static Tensor allocate(Device device, Usage usage, Arena owner, DType dtype, Shape shape) {
    return of(device.allocate(dtype.bytes(shape.elements()), usage, owner), 0, shape, dtype);
  }

  /** True if no elements lie between the rows. */
  public boolean isDense() {
    return shape.rank() == 0 || shape.dim(0) <= 1 || rowStride == shape.rowElements();
  }

  /** Bytes from the buffer's start to the first element. */
  public long byteOffset() {
    return dtype.bytes(offset);
  }

  /** Bytes of the elements themselves, rows put together without gaps. */
  public long byteSize() {
    return dtype.bytes(shape.elements());
  }

  /**
   * Bytes from the first element to behind the last, gaps between rows included; 0 without
   * elements.
   */
  public long byteSpan() {
    if (shape.elements() == 0) {
      return 0;
    }
    return shape.rank() == 0
        ? dtype.bytes(1)
        : dtype.bytes((shape.dim(0) - 1) * rowStride + shape.rowElements());
  }

  /** Rows {@code from} to {@code from + count}: a view of the same rank. */
  public Tensor rows(long from, long count) {
    requireRowMajor("rows");
    if (from < 0 || count < 0 || from + count > shape.dim(0)) {
      throw new IndexOutOfBoundsException(
          "rows %d to %d of %s".formatted(from, from + count, this));
    }
    return new Tensor(
        buffer, offset + from * rowStride, shape.with(0, count), rowStride, dtype, layout);
  }

  /** Columns {@code from} to {@code from + count} of a matrix: a view that keeps the row stride. */
  public Tensor columns(long from, long count) {
    requireRowMajor("columns");
    if (shape.rank() != 2 || from < 0 || count < 0 || from + count > shape.dim(1)) {
      throw new IndexOutOfBoundsException(
          "columns %d to %d of %s".formatted(from, from + count, this));
    }
    return new Tensor(buffer, offset + from, shape.with(1, count), rowStride, dtype, layout);
  }

  /**
   * The same elements under another shape: any for a dense tensor; one with the same dimension 0
   * for a view with gaps.
   *
   * @throws IllegalArgumentException if the number of elements differs or the gaps forbid it
   */
  public Tensor reshape(long... dims) {
    requireRowMajor("reshape");
    Shape to = Shape.of(dims);
    if (to.elements() != shape.elements()) {
      throw new IllegalArgumentException("reshape: %s to %s".formatted(this, to));
    }
    if (isDense()) {
      return of(buffer, offset, to, dtype);
    }
    if (to.rank() == 0 || to.dim(0) != shape.dim(0)) {
      throw new IllegalArgumentException(
          "reshape: %s has gaps between rows and keeps its first dimension, asked %s"
              .formatted(this, to));
    }
    return new Tensor(buffer, offset, to, rowStride, dtype, layout);
  }

  private void requireRowMajor(String what) {
    if (layout != Layout.ROW_MAJOR) {
      throw new IllegalArgumentException(what + ": " + this + " is in the device's own layout");
    }
  }

  /** As in messages: {@code F32 [3, 4]}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
