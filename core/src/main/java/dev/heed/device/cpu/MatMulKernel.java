package dev.heed.device.cpu;

import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;

/** MatMul with row-major weights: a task is one output column of one batch. */
final class MatMulKernel extends RowKernel {
  private final long scratch;
  private final View x = new View();
  private final View out = new View();
  private DType type;
  private boolean transposed;
  private long w;
  private long m;
  private long n;
  private long k;
  private long batchRows;
  private long batchStride;
  private long rowStride;
  private long perWorker;

  MatMulKernel(CpuDevice device, long scratch) {
    super(device);
    this.scratch = scratch;
  }

  /** One row of weights in F32 for each thread. */
  static long scratchBytes(Op.MatMul op, int threads) {
    return threads * rowBytes(op.x().shape().dim(-1));
  }

  private static long rowBytes(long k) {
    return (4 * k + 255) & -256;
  }

  void execute(Op.MatMul op) {
    Tensor weights = op.w();
    Shape s = weights.shape();
    boolean batched = s.rank() > 2;
    x.of(op.x());
    out.of(op.out());
    type = weights.dtype();
    transposed = op.transposeW();
    w = Memory.address(weights);
    k = x.length;
    n = out.length;
    m = batched ? op.x().shape().dim(-2) : x.count;
    long inner = s.dim(-1);
    rowStride = batched ? inner : weights.rowStride();
    batchRows = 1;
    for (int i = 1; i < s.rank() - 2; i++) {
      batchRows *= s.dim(i);
    }
    batchStride = weights.rowStride();
    perWorker = rowBytes(k);
    forRows(n * (m == 0 ? 0 : x.count / m), k * m);
  }

  @Override
  void rows(long from, long to, int worker) {
    long row = scratch + worker * perWorker;
    for (long i = from; i < to; i++) {
      long batch = i / n;
      long column = i % n;
      long start = batch / batchRows * batchStride + batch % batchRows * n * k;
      long weights = weightRow(batch == 0 ? 0 : start, column, row);
      for (long r = batch * m; r < batch * m + m; r++) {
        Memory.f32(out.at(r) + 4 * column, math.dot(x.at(r), weights, k));
      }
    }
  }

  /** Address of the column's K weights in F32. */
  private long weightRow(long start, long column, long row) {
    if (transposed && type == DType.F32) {
      return w + 4 * (start + column * rowStride);
    }
    if (transposed) {
      math.toFloat(type, row, w + type.bytes(start + column * rowStride), k);
      return row;
    }
    for (long j = 0; j < k; j++) {
      long at = w + type.bytes(start + j * rowStride + column);
      if (type == DType.F32) {
        Memory.f32(row + 4 * j, Memory.f32(at));
      } else {
        math.toFloat(type, row + 4 * j, at, 1);
      }
    }
    return row;
  }
}
