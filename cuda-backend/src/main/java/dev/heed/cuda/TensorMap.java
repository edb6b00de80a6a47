package dev.heed.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A tensor of 16-bit elements and the box of it that the copy engine takes at a time: what {@code
 * cuTensorMapEncodeTiled} is told. Filled again and again, so that a launch makes no garbage.
 */
final class TensorMap {
  /** Of a {@code CUtensorMap}, and the boundary it lies on. */
  static final int BYTES = 128;

  private static final int MOST_DIMENSIONS = 5;

  private final MemorySegment extents = longs();
  private final MemorySegment strides = longs();
  private final MemorySegment boxes = ints();
  private final MemorySegment ones = ints();
  private DType type;
  private long address;
  private boolean swizzled;
  private int rank;

  TensorMap() {
    for (int i = 0; i < MOST_DIMENSIONS; i++) {
      ones.setAtIndex(JAVA_INT, i, 1);
    }
  }

  private static MemorySegment longs() {
    return Arena.ofAuto().allocate(JAVA_LONG, MOST_DIMENSIONS);
  }

  private static MemorySegment ints() {
    return Arena.ofAuto().allocate(JAVA_INT, MOST_DIMENSIONS);
  }

  /**
   * Begins anew.
   *
   * @param swizzleRows boxes' rows of 128 bytes have their 16-byte pieces exchanged, by the row
   */
  TensorMap of(DType elements, long at, boolean swizzleRows) {
    type = elements;
    address = at;
    swizzled = swizzleRows;
    rank = 0;
    return this;
  }

  /**
   * The next dimension, the innermost first.
   *
   * @param stride bytes from an index to the next; of the innermost that of an element
   * @param box indices that a box takes
   */
  TensorMap dimension(long extent, long stride, int box) {
    extents.setAtIndex(JAVA_LONG, rank, extent);
    if (rank > 0) {
      strides.setAtIndex(JAVA_LONG, rank - 1, stride);
    }
    boxes.setAtIndex(JAVA_INT, rank, box);
    rank++;
    return this;
  }

  DType type() {
    return type;
  }

  long address() {
    return address;
  }

  boolean swizzled() {
    return swizzled;
  }

  int rank() {
    return rank;
  }

  /** 64 bits each. */
  MemorySegment extents() {
    return extents;
  }

  /** 64 bits each, from the second dimension on. */
  MemorySegment strides() {
    return strides;
  }

  /** 32 bits each. */
  MemorySegment boxes() {
    return boxes;
  }

  /** 32 bits each: every element counts. */
  MemorySegment steps() {
    return ones;
  }
}
