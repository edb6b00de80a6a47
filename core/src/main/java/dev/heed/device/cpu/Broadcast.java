package dev.heed.device.cpu;

import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;

/** Add and Mul: rows of the last dimension, each operand's row or number found by its strides. */
final class Broadcast extends RowKernel {
  private static final int RANK = 4;
  private static final long PIECE = 8192;

  private enum Kind {
    ADD,
    ADD_INT,
    MUL
  }

  private Kind kind;
  private long out;
  private long a;
  private long b;

  /** Elements, if all three are dense and of one shape; else 0. */
  private long flat;

  /** Extents of out, padded with 1 in front. */
  private final long[] dims = new long[RANK];

  /** Bytes between neighbours in each dimension; 0 where an operand is broadcast. */
  private final long[] outStep = new long[RANK];

  private final long[] aStep = new long[RANK];
  private final long[] bStep = new long[RANK];

  Broadcast(CpuDevice device) {
    super(device);
  }

  void execute(Op.Add op) {
    kind = op.out().dtype() == DType.I32 ? Kind.ADD_INT : Kind.ADD;
    execute(op.out(), op.a(), op.b());
  }

  void execute(Op.Mul op) {
    kind = Kind.MUL;
    execute(op.out(), op.a(), op.b());
  }

  private void execute(Tensor to, Tensor left, Tensor right) {
    out = Memory.address(to);
    a = Memory.address(left);
    b = Memory.address(right);
    if (flat(to, to) && flat(left, to) && flat(right, to)) {
      flat = to.shape().elements();
      outStep[3] = 4;
      aStep[3] = 4;
      bStep[3] = 4;
      forRows((flat + PIECE - 1) / PIECE, PIECE);
      return;
    }
    flat = 0;
    steps(to, to.shape(), outStep);
    steps(left, to.shape(), aStep);
    steps(right, to.shape(), bStep);
    for (int i = 0; i < RANK; i++) {
      dims[i] = extent(to.shape(), i);
    }
    forRows(dims[0] * dims[1] * dims[2], dims[3]);
  }

  private static boolean flat(Tensor t, Tensor out) {
    return t.isDense() && t.shape().equals(out.shape());
  }

  private static long extent(Shape s, int i) {
    int at = i - (RANK - s.rank());
    return at < 0 ? 1 : s.dim(at);
  }

  private static void steps(Tensor t, Shape out, long[] step) {
    Shape s = t.shape();
    long dense = 4;
    for (int i = RANK - 1; i >= 0; i--) {
      boolean first = i == RANK - s.rank();
      long own = first && s.rank() > 1 ? 4 * t.rowStride() : dense;
      step[i] = extent(s, i) == 1 ? 0 : own;
      dense *= extent(s, i);
    }
  }

  @Override
  void rows(long from, long to, int worker) {
    if (flat > 0) {
      long at = 4 * PIECE * from;
      row(out + at, a + at, b + at, Math.min(flat, PIECE * to) - PIECE * from);
      return;
    }
    for (long i = from; i < to; i++) {
      long i2 = i % dims[2];
      long i1 = i / dims[2] % dims[1];
      long i0 = i / dims[2] / dims[1];
      row(
          out + i0 * outStep[0] + i1 * outStep[1] + i2 * outStep[2],
          a + i0 * aStep[0] + i1 * aStep[1] + i2 * aStep[2],
          b + i0 * bStep[0] + i1 * bStep[1] + i2 * bStep[2],
          dims[3]);
    }
  }

  private void row(long to, long left, long right, long n) {
    if (kind == Kind.ADD_INT) {
      for (long i = 0; i < n; i++) {
        Memory.i32(to + 4 * i, Memory.i32(left + i * aStep[3]) + Memory.i32(right + i * bStep[3]));
      }
    } else if (n > 1 && bStep[3] == 0) {
      one(to, left, Memory.f32(right), n);
    } else if (n > 1 && aStep[3] == 0) {
      one(to, right, Memory.f32(left), n);
    } else if (kind == Kind.ADD) {
      math.add(to, left, right, n);
    } else {
      math.mul(to, left, right, n);
    }
  }

  private void one(long to, long row, float number, long n) {
    if (kind == Kind.ADD) {
      math.add(to, row, number, n);
    } else {
      math.mul(to, row, number, n);
    }
  }
}
