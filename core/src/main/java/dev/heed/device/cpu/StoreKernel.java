package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.Op;
import dev.heed.tensor.DType;

/** StoreRows: a row is one token's heads. */
final class StoreKernel extends RowKernel {
  private final Pages pages = new Pages();
  private long rows;
  private long rowStride;
  private long offsets;
  private long starts;
  private long sequences;

  StoreKernel(CpuDevice device) {
    super(device);
  }

  void execute(Op.StoreRows op) {
    pages.of(op.pages(), op.blockTable());
    rows = Memory.address(op.rows());
    rowStride = 4 * op.rows().rowStride();
    offsets = Memory.address(op.seq().queryOffsets());
    starts = Memory.address(op.seq().queryStart());
    sequences = Pages.count(op.seq());
    forRows(op.rows().shape().dim(0), pages.heads * pages.size);
  }

  @Override
  void rows(long from, long to, int worker) {
    for (long t = from; t < to; t++) {
      int b = Pages.sequence(offsets, sequences, t);
      if (b >= 0 && i32(starts + 4L * b) >= 0) {
        long position = (long) i32(starts + 4L * b) + t - i32(offsets + 4L * b);
        store(
            math,
            pages.type,
            pages.at(b, position),
            rows + t * rowStride,
            pages.heads * pages.size);
      }
    }
  }

  /** Writes n elements of F32 in the pages' type. */
  static void store(RowMath math, DType type, long to, long from, long n) {
    if (type == DType.F32) {
      Memory.copy(to, from, 4 * n);
    } else {
      math.fromFloat(type, to, from, n);
    }
  }
}
