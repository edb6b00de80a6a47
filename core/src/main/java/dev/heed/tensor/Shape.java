package dev.heed.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The extents of a tensor, slowest dimension first; immutable. Rank 0 is a scalar of one element.
 */
public final class Shape {
  private final long[] dims;
  private final long elements;

  private Shape(long[] dims) {
    long n = 1;
    for (long d : dims) {
      if (d < 0) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(dims) + ": a dimension is negative");
      }
      n = Math.multiplyExact(n, d);
    }
    this.dims = dims;
    this.elements = n;
  }

  /**
   * A shape of these extents.
   *
   * @throws IllegalArgumentException if one is negative
   * @throws ArithmeticException if the number of elements does not fit a long
   */
  public static Shape of(long... dims) {
    return new Shape(dims.clone());
  }

  /** Number of dimensions. */
  public int rank() {
    return dims.length;
  }

  /** Extent of dimension {@code i}; negative {@code i} counts from the last dimension, -1. */
  public long dim(int i) {
    return dims[i < 0 ? dims.length + i : i];
  }

  /** Number of elements: the product of all extents. */
  public long elements() {
    return elements;
  }

  /**
   * Elements in one index of dimension 0: the product of all extents but the first; 1 for rank 0.
   */
  public long rowElements() {
    long n = 1;
    for (int i = 1; i < dims.length; i++) {
      n *= dims[i];
    }
    return n;
  }

  /**
   * The product of all extents but the last: the number of vectors that the last dimension makes.
   */
  public long leading() {
    long n = 1;
    for (int i = 0; i < dims.length - 1; i++) {
      n *= dims[i];
    }
    return n;
  }

  /** A copy of the extents. */
  public long[] toArray() {
    return dims.clone();
  }

  /** This shape with dimension {@code i} replaced. */
  public Shape with(int i, long extent) {
    long[] d = dims.clone();
    d[i < 0 ? d.length + i : i] = extent;
    return new Shape(d);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Shape s && Arrays.equals(dims, s.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** As in messages: {@code [3, 4]}. */
  @Override
  public String toString() {
    return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
  }
}
