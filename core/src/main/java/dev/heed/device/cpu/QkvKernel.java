package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/** QkvRopeStore: a row is one token; keys and values pass through the thread's scratch. */
final class QkvKernel extends RowKernel {
  private final Pages kPages = new Pages();
  private final Pages vPages = new Pages();
  private Op.QkvRopeStore op;
  private long q;
  private long qStride;
  private long qkv;
  private long qkvStride;
  private long bias;
  private long qNorm;
  private long kNorm;
  private long cosSin;
  private long half;
  private long positions;
  private long offsets;
  private long starts;
  private long sequences;
  private long heads;
  private long keyHeads;
  private long size;

  QkvKernel(CpuDevice device) {
    super(device);
  }

  /** Whether a token's keys fit a thread's scratch. */
  static boolean fits(Op.QkvRopeStore op) {
    return 4 * op.kPages().shape().dim(2) * op.kPages().shape().dim(3) <= Workers.SCRATCH;
  }

  void execute(Op.QkvRopeStore o) {
    op = o;
    q = Memory.address(o.q());
    qStride = 4 * o.q().rowStride();
    qkv = Memory.address(o.qkv());
    qkvStride = 4 * o.qkv().rowStride();
    bias = addressOrZero(o.bias());
    qNorm = addressOrZero(o.qNorm());
    kNorm = addressOrZero(o.kNorm());
    cosSin = Memory.address(o.cosSin());
    half = o.cosSin().shape().dim(2);
    positions = Memory.address(o.positions());
    offsets = Memory.address(o.seq().queryOffsets());
    starts = Memory.address(o.seq().queryStart());
    sequences = Pages.count(o.seq());
    kPages.of(o.kPages(), o.blockTable());
    vPages.of(o.vPages(), o.blockTable());
    heads = o.q().shape().dim(1);
    size = o.q().shape().dim(2);
    keyHeads = kPages.heads;
    forRows(o.q().shape().dim(0), 2 * (heads + 2 * keyHeads) * size);
  }

  private static long addressOrZero(Optional<Tensor> t) {
    return t.isPresent() ? Memory.address(t.get()) : 0;
  }

  @Override
  void rows(long from, long to, int worker) {
    for (long t = from; t < to; t++) {
      long row = qkv + t * qkvStride;
      rotate(q + t * qStride, row, 0, heads, qNorm, t);
      int b = Pages.sequence(offsets, sequences, t);
      if (b >= 0 && i32(starts + 4L * b) >= 0) {
        long position = (long) i32(starts + 4L * b) + t - i32(offsets + 4L * b);
        long temporary = workers.scratch(worker);
        long width = keyHeads * size;
        rotate(temporary, row, heads * size, keyHeads, kNorm, t);
        StoreKernel.store(math, kPages.type, kPages.at(b, position), temporary, width);
        long values = biased(temporary, row, (heads + keyHeads) * size, width);
        StoreKernel.store(math, vPages.type, vPages.at(b, position), values, width);
      }
    }
  }

  /** Columns of the row with their bias: at {@code to}, or where they are if there is none. */
  private long biased(long to, long row, long column, long n) {
    if (bias == 0) {
      return row + 4 * column;
    }
    math.add(to, row + 4 * column, bias + 4 * column, n);
    return to;
  }

  /** Heads with bias, norm and rotation to {@code to}. */
  private void rotate(long to, long row, long column, long n, long norm, long t) {
    long x = biased(to, row, column, n * size);
    int position = i32(positions + 4 * t);
    for (long h = 0; h < n; h++) {
      long y = to + 4 * h * size;
      long head = x + 4 * h * size;
      if (norm != 0) {
        RowKernels.Norms.row(math, y, head, size, norm, 0, op.eps(), NormKind.RMS);
        head = y;
      }
      if (position >= 0) {
        long cos = cosSin + 8 * half * position;
        RowKernels.Ropes.row(math, y, head, cos, half, size, op.interleaved());
      } else if (y != head) {
        Memory.copy(y, head, 4 * size);
      }
    }
  }
}
