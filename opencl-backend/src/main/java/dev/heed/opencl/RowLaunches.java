package dev.heed.opencl;

import dev.heed.op.Op;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;

/** Launches of ops on whole rows: norms, rotation, softmax, pooling, selection, the cache. */
final class RowLaunches {
  /** So many passes over a row cost less than a selection and a sort. */
  private static final int FEW = 4;

  private final KernelSet kernels;

  RowLaunches(KernelSet kernels) {
    this.kernels = kernels;
  }

  private static int dim(Tensor t, int i) {
    return Math.toIntExact(t.shape().dim(i));
  }

  void norm(Op.Norm op) {
    kernels
        .of(Entry.NORM)
        .type(op.out().dtype())
        .type(op.x().dtype())
        .code(op.kind().ordinal())
        .get()
        .view(op.out())
        .view(op.x())
        .vector(op.weight())
        .vector(op.bias())
        .arg(dim(op.x(), -1))
        .arg(op.eps())
        .runRows(op.x().shape().leading());
  }

  void addNorm(Op.AddNorm op) {
    kernels
        .of(Entry.ADD_NORM)
        .type(op.out().dtype())
        .type(op.sum().dtype())
        .type(op.a().dtype())
        .type(op.b().dtype())
        .code(op.kind().ordinal())
        .get()
        .view(op.out())
        .view(op.sum())
        .view(op.a())
        .view(op.b())
        .vector(op.weight())
        .vector(op.bias())
        .arg(dim(op.sum(), -1))
        .arg(op.eps())
        .runRows(op.sum().shape().leading());
  }

  void rope(Op.Rope op) {
    int heads = dim(op.x(), 1);
    int size = dim(op.x(), 2);
    int half = dim(op.cosSin(), 2);
    kernels
        .of(Entry.ROPE)
        .type(op.out().dtype())
        .type(op.x().dtype())
        .get()
        .view(op.out())
        .view(op.x())
        .view(op.cosSin())
        .vector(op.positions())
        .arg(heads)
        .arg(size)
        .arg(half)
        .arg(op.interleaved())
        .run(size - half, op.x().shape().leading(), 1);
  }

  void softmax(Op.Softmax op) {
    Shape s = op.x().shape();
    Kernel kernel =
        kernels
            .of(Entry.SOFTMAX)
            .code(op.log() ? 1 : 0)
            .get()
            .view(op.out())
            .view(op.x())
            .vector(op.mask());
    for (int i = 0; i < 4; i++) {
      kernel.arg(op.mask().isPresent() ? BroadcastLaunch.step(op.mask().get(), i) : 0);
      if (i < 2) {
        int at = s.rank() - 3 + i; // extents 1 and 2 of four
        kernel.arg(at < 0 ? 1 : dim(op.x(), at));
      }
    }
    kernel
        .arg(dim(op.x(), -1))
        .arg(s.rank() > 1 ? dim(op.x(), -2) : 1)
        .arg(op.causal())
        .arg(op.scale())
        .runRows(s.leading());
  }

  void pool(Op.Pool op) {
    int n = dim(op.out(), 1);
    kernels
        .of(Entry.POOL)
        .type(op.out().dtype())
        .type(op.x().dtype())
        .code(op.kind().ordinal())
        .get()
        .view(op.out())
        .view(op.x())
        .vector(op.offsets())
        .arg(n)
        .run(n, op.out().shape().dim(0), 1);
  }

  void topK(Op.TopK op) {
    kernels
        .of(op.values().shape().dim(1) > FEW ? Entry.TOP_K_MANY : Entry.TOP_K)
        .get()
        .view(op.values())
        .view(op.ids())
        .view(op.x())
        .arg(dim(op.x(), 1))
        .arg(dim(op.values(), 1))
        .runRows(op.x().shape().dim(0));
  }

  void storeRows(Op.StoreRows op) {
    int heads = dim(op.pages(), 2);
    int size = dim(op.pages(), 3);
    kernels
        .of(Entry.STORE_ROWS)
        .type(op.pages().dtype())
        .type(op.rows().dtype())
        .get()
        .view(op.pages())
        .view(op.rows())
        .vector(op.blockTable())
        .arg(op.blockTable().rowStride())
        .vector(op.seq().queryOffsets())
        .vector(op.seq().queryStart())
        .arg(dim(op.seq().queryStart(), 0))
        .arg(dim(op.pages(), 1))
        .arg(heads)
        .arg(size)
        .run((long) heads * size, op.rows().shape().dim(0), 1);
  }

  void qkvRopeStore(Op.QkvRopeStore op) {
    int heads = dim(op.q(), 1);
    int keyHeads = dim(op.kPages(), 2);
    kernels
        .of(Entry.QKV_ROPE_STORE)
        .type(op.q().dtype())
        .type(op.kPages().dtype())
        .type(op.qkv().dtype())
        .get()
        .view(op.q())
        .view(op.kPages())
        .view(op.vPages())
        .view(op.qkv())
        .vector(op.bias())
        .vector(op.qNorm())
        .vector(op.kNorm())
        .arg(op.eps())
        .view(op.cosSin())
        .vector(op.positions())
        .arg(op.interleaved())
        .vector(op.blockTable())
        .arg(op.blockTable().rowStride())
        .vector(op.seq().queryOffsets())
        .vector(op.seq().queryStart())
        .arg(dim(op.seq().queryStart(), 0))
        .arg(dim(op.kPages(), 1))
        .arg(heads)
        .arg(keyHeads)
        .arg(dim(op.q(), 2))
        .arg(dim(op.cosSin(), 2))
        .runRows(op.q().shape().dim(0) * (heads + 2L * keyHeads));
  }
}
