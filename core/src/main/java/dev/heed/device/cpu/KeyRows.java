package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.KeyValues;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;

/** The keys, or the values, of sequences: rows of a batch or of cache pages. */
final class KeyRows {
  private final RowMath math;
  private final Pages pages = new Pages();
  private boolean paged;
  private DType type;
  private long base;
  private long stride;
  private long starts;
  private long size;

  KeyRows(RowMath math) {
    this.math = math;
  }

  void of(KeyValues kv, Tensor t) {
    type = t.dtype();
    size = t.shape().dim(-1);
    base = Memory.address(t);
    stride = type.bytes(t.rowStride());
    switch (kv) {
      case KeyValues.Paged p -> {
        paged = true;
        pages.of(t, p.blockTable());
      }
      case KeyValues.Ragged r -> {
        paged = false;
        starts = Memory.address(r.starts());
      }
    }
  }

  /** Address of row j of sequence b in F32, converted to {@code to} if it must be. */
  long row(int b, long j, long head, long to) {
    long at = at(b, j, head);
    if (type == DType.F32) {
      return at;
    }
    math.toFloat(type, to, at, size);
    return to;
  }

  private long at(int b, long j, long head) {
    long first = paged ? pages.at(b, j) : base + (i32(starts + 4L * b) + j) * stride;
    return first + type.bytes(head * size);
  }

  /**
   * Whether rows j to j + n can be read in place, as F32 at one distance, without padding.
   *
   * @param columns what a row's length must be a multiple of
   */
  boolean inPlace(long j, int n, int columns) {
    return type == DType.F32
        && size % columns == 0
        && (!paged || j / pages.pageSize() == (j + n - 1) / pages.pageSize());
  }

  /** Address of the first of rows that are {@link #inPlace}. */
  long first(int b, long j, long head) {
    return at(b, j, head);
  }

  /** Bytes between rows that are {@link #inPlace}. */
  long stride() {
    return paged ? pages.slotBytes() : stride;
  }

  /** Copies rows j to j + n to F32 rows {@code toStride} bytes apart. */
  void copy(int b, long j, int n, long head, long to, long toStride) {
    long step = stride();
    int done = 0;
    while (done < n) {
      long first = at(b, j + done, head);
      // Rows up to the page's end lie at one distance.
      int run = paged ? (int) (pages.pageSize() - (j + done) % pages.pageSize()) : n;
      int end = Math.min(n, done + run);
      for (int i = done; i < end; i++) {
        long from = first + (i - done) * step;
        if (type == DType.F32) {
          Memory.copy(to + i * toStride, from, 4 * size);
        } else {
          math.toFloat(type, to + i * toStride, from, size);
        }
      }
      done = end;
    }
  }
}
