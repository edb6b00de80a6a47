package dev.heed.opencl;

import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;

/** Launches of Add and Mul, whose operands broadcast. */
final class BroadcastLaunch {
  private static final int RANK = 4;

  private final KernelSet kernels;

  /** Extents of out, padded with 1 in front. */
  private final long[] dims = new long[RANK];

  BroadcastLaunch(KernelSet kernels) {
    this.kernels = kernels;
  }

  void add(Op.Add op) {
    boolean flat = flat(op.out(), op.a(), op.b());
    Kernel kernel =
        op.out().dtype() == DType.I32
            ? kernels.of(Entry.ADD_INTS).get()
            : typed(flat ? Entry.ADD_FLAT : Entry.ADD, op.out(), op.a(), op.b());
    launch(kernel, op.out(), op.a(), op.b(), flat);
  }

  void mul(Op.Mul op) {
    boolean flat = flat(op.out(), op.a(), op.b());
    Kernel kernel = typed(flat ? Entry.MUL_FLAT : Entry.MUL, op.out(), op.a(), op.b());
    launch(kernel, op.out(), op.a(), op.b(), flat);
  }

  private Kernel typed(Entry entry, Tensor out, Tensor a, Tensor b) {
    return kernels.of(entry).type(out.dtype()).type(a.dtype()).type(b.dtype()).get();
  }

  private void launch(Kernel kernel, Tensor out, Tensor a, Tensor b, boolean flat) {
    for (int i = 0; i < RANK; i++) {
      dims[i] = flat ? (i == RANK - 1 ? out.shape().elements() : 1) : extent(out.shape(), i);
    }
    operand(kernel, out, flat);
    operand(kernel, a, flat);
    operand(kernel, b, flat);
    kernel.arg(Math.toIntExact(dims[2])).arg(dims[3]).run(dims[3], dims[1] * dims[2], dims[0]);
  }

  /** Whether all may be taken as one row. */
  private static boolean flat(Tensor out, Tensor a, Tensor b) {
    return out.isDense() && flat(a, out) && flat(b, out);
  }

  private static boolean flat(Tensor t, Tensor out) {
    return t.isDense() && t.shape().equals(out.shape());
  }

  private static long extent(Shape s, int i) {
    int at = i - (RANK - s.rank());
    return at < 0 ? 1 : s.dim(at);
  }

  /** The buffer, and the elements between neighbours in each dimension: 0 where broadcast. */
  private void operand(Kernel kernel, Tensor t, boolean flat) {
    kernel.vector(t);
    if (flat) {
      kernel.arg(0L).arg(0L).arg(0L).arg(1L);
      return;
    }
    for (int i = 0; i < RANK; i++) {
      kernel.arg(step(t, i));
    }
  }

  /** Elements between neighbours of {@code t} in dimension i of RANK; 0 where there is one only. */
  static long step(Tensor t, int i) {
    Shape s = t.shape();
    if (extent(s, i) == 1) {
      return 0;
    }
    if (i == RANK - s.rank() && s.rank() > 1) {
      return t.rowStride();
    }
    long dense = 1;
    for (int d = RANK - 1; d > i; d--) {
      dense *= extent(s, d);
    }
    return dense;
  }
}
