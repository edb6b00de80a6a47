package dev.heed.device.cpu;

import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;

/** A row-major tensor as vectors of its last dimension, by address. Reused from op to op. */
final class View {
  /** Address of the first element. */
  long base;

  /** Vectors. */
  long count;

  /** Elements of a vector. */
  long length;

  private long perRow;
  private long rowBytes;
  private long vectorBytes;

  View of(Tensor t) {
    Shape s = t.shape();
    base = Memory.address(t);
    length = s.rank() == 0 ? 1 : s.dim(-1);
    count = s.leading();
    vectorBytes = t.dtype().bytes(length);
    perRow = 1;
    for (int i = 1; i < s.rank() - 1; i++) {
      perRow *= s.dim(i);
    }
    rowBytes = s.rank() <= 1 ? vectorBytes : t.dtype().bytes(t.rowStride());
    return this;
  }

  /** Dense F32 [count, length]. */
  View of(long address, long count, long length) {
    base = address;
    this.length = length;
    this.count = count;
    vectorBytes = 4 * length;
    perRow = 1;
    rowBytes = vectorBytes;
    return this;
  }

  /** True if the vectors follow each other without gaps. */
  boolean dense() {
    return count <= perRow || rowBytes == perRow * vectorBytes;
  }

  /** Bytes between vectors of the same index of dimension 0. */
  long stride() {
    return perRow == 1 ? rowBytes : vectorBytes;
  }

  /** Address of vector {@code i}. */
  long at(long i) {
    return perRow == 1
        ? base + i * rowBytes
        : base + i / perRow * rowBytes + i % perRow * vectorBytes;
  }
}
