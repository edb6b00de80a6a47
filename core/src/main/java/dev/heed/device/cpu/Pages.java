package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;

/** Where a ragged batch's rows lie in cache pages [P, pageSize, KH, D]. */
final class Pages {
  /** Types and sizes of the pages. */
  DType type;

  long heads;
  long size;
  private long base;
  private long pages;
  private long pageBytes;
  private long pageSize;
  private long slotBytes;
  private long table;
  private long blocks;
  private long blockStride;

  Pages of(Tensor t, Tensor blockTable) {
    type = t.dtype();
    base = Memory.address(t);
    pages = t.shape().dim(0);
    pageSize = t.shape().dim(1);
    heads = t.shape().dim(2);
    size = t.shape().dim(3);
    pageBytes = type.bytes(t.rowStride());
    slotBytes = type.bytes(heads * size);
    table = Memory.address(blockTable);
    blocks = blockTable.shape().dim(1);
    blockStride = blockTable.rowStride();
    return this;
  }

  /** Rows of one page. */
  long pageSize() {
    return pageSize;
  }

  /** Bytes between neighbouring rows of a page. */
  long slotBytes() {
    return slotBytes;
  }

  /** Address of the row of {@code position} in sequence {@code b}: its first head. */
  long at(long b, long position) {
    long block = position / pageSize;
    int page = block < blocks ? i32(table + 4 * (b * blockStride + block)) : -1;
    if (page < 0 || page >= pages) {
      throw new IndexOutOfBoundsException(
          "cpu: position %d of sequence %d has no page: block %d of %d, page %d of %d"
              .formatted(position, b, block, blocks, page, pages));
    }
    return base + page * pageBytes + position % pageSize * slotBytes;
  }

  /**
   * The sequence that row {@code t} belongs to; -1 for none.
   *
   * @param offsets address of I32 [B+1]
   */
  static int sequence(long offsets, long count, long t) {
    if (t < i32(offsets) || t >= i32(offsets + 4 * count)) {
      return -1;
    }
    long low = 0;
    long high = count;
    while (high - low > 1) {
      long middle = (low + high) >>> 1;
      if (i32(offsets + 4 * middle) <= t) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (int) low;
  }

  /** Sequences of a batch. */
  static long count(Sequences seq) {
    return seq.queryStart().shape().dim(0);
  }
}
