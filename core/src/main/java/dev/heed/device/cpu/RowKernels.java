package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.op.PoolKind;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/** Norm, AddNorm, Rope, Softmax and Pool. */
final class RowKernels {
  private RowKernels() {}

  private static long addressOrZero(Optional<Tensor> t) {
    return t.isPresent() ? Memory.address(t.get()) : 0;
  }

  /** Norm, with a sum before it if asked. */
  static final class Norms extends RowKernel {
    private final View out = new View();
    private final View x = new View();
    private final View a = new View();
    private final View b = new View();
    private boolean adds;
    private long weight;
    private long bias;
    private float eps;
    private NormKind kind;

    Norms(CpuDevice device) {
      super(device);
    }

    void execute(Op.Norm op) {
      adds = false;
      execute(op.out(), op.x(), op.weight(), op.bias(), op.eps(), op.kind());
    }

    void execute(Op.AddNorm op) {
      adds = true;
      a.of(op.a());
      b.of(op.b());
      execute(op.out(), op.sum(), op.weight(), op.bias(), op.eps(), op.kind());
    }

    private void execute(
        Tensor to, Tensor in, Optional<Tensor> w, Optional<Tensor> plus, float e, NormKind k) {
      out.of(to);
      x.of(in);
      weight = addressOrZero(w);
      bias = addressOrZero(plus);
      eps = e;
      kind = k;
      forRows(out.count, 2 * out.length);
    }

    @Override
    void rows(long from, long to, int worker) {
      for (long i = from; i < to; i++) {
        long in = x.at(i);
        if (adds) {
          math.add(in, a.at(i), b.at(i), x.length);
        }
        row(math, out.at(i), in, x.length, weight, bias, eps, kind);
      }
    }

    /** out = norm(x) * weight + bias, for one row. */
    static void row(
        RowMath math, long out, long x, long n, long weight, long bias, float eps, NormKind kind) {
      if (kind == NormKind.LAYER) {
        // The mean in two steps: far from 0, its rounding alone would show.
        float mean = math.sum(x, 0, n) / n;
        double rest = (double) math.sum(x, mean, n) / n;
        double variance = Math.max(0, math.squares(x, mean, n) / (double) n - rest * rest);
        double factor = 1 / Math.sqrt(variance + eps);
        math.normalize(out, x, mean, (float) factor, (float) (-rest * factor), weight, bias, n);
        return;
      }
      double squares = math.squares(x, 0, n);
      double factor =
          kind == NormKind.L2
              ? 1 / Math.max(Math.sqrt(squares), eps)
              : 1 / Math.sqrt(squares / n + eps);
      math.normalize(out, x, 0, (float) factor, 0, weight, bias, n);
    }
  }

  /** Rope: a row is one token's heads. */
  static final class Ropes extends RowKernel {
    private long out;
    private long x;
    private long outStride;
    private long xStride;
    private long heads;
    private long size;
    private long half;
    private long table;
    private long positions;
    private boolean interleaved;

    Ropes(CpuDevice device) {
      super(device);
    }

    void execute(Op.Rope op) {
      Shape s = op.x().shape();
      out = Memory.address(op.out());
      x = Memory.address(op.x());
      outStride = 4 * op.out().rowStride();
      xStride = 4 * op.x().rowStride();
      heads = s.dim(1);
      size = s.dim(2);
      half = op.cosSin().shape().dim(2);
      table = Memory.address(op.cosSin());
      positions = Memory.address(op.positions());
      interleaved = op.interleaved();
      forRows(s.dim(0), heads * size);
    }

    @Override
    void rows(long from, long to, int worker) {
      for (long t = from; t < to; t++) {
        int position = i32(positions + 4 * t);
        long cos = table + 8 * half * position;
        for (long h = 0; h < heads; h++) {
          long to0 = out + t * outStride + 4 * h * size;
          long x0 = x + t * xStride + 4 * h * size;
          if (position < 0) {
            Memory.copy(to0, x0, 4 * size);
          } else {
            row(math, to0, x0, cos, half, size, interleaved);
          }
        }
      }
    }

    /** Rotates one head; cos is the table's row of the position. */
    static void row(
        RowMath math, long out, long x, long cos, long half, long size, boolean interleaved) {
      long sin = cos + 4 * half;
      if (interleaved) {
        math.rotatePairs(out, x, cos, sin, half);
      } else {
        math.rotateHalves(out, x, cos, sin, half);
      }
      if (size > 2 * half && out != x) {
        Memory.copy(out + 8 * half, x + 8 * half, 4 * (size - 2 * half));
      }
    }
  }

  /** Softmax and its logarithm. */
  static final class Softmaxes extends RowKernel {
    private final View out = new View();
    private final View x = new View();
    private long queries;
    private float scale;
    private boolean causal;
    private boolean log;
    private boolean masked;
    private long mask;

    /** Bytes between neighbours of the mask in the dimensions of x, from the last; 0: broadcast. */
    private final long[] maskStep = new long[4];

    private final long[] dims = new long[4];

    Softmaxes(CpuDevice device) {
      super(device);
    }

    void execute(Op.Softmax op) {
      Shape s = op.x().shape();
      out.of(op.out());
      x.of(op.x());
      queries = s.rank() > 1 ? s.dim(-2) : 1;
      scale = op.scale();
      causal = op.causal();
      log = op.log();
      masked = op.mask().isPresent();
      if (masked) {
        steps(s, op.mask().get());
      }
      forRows(out.count, 4 * out.length);
    }

    private void steps(Shape s, Tensor m) {
      mask = Memory.address(m);
      long dense = 4;
      for (int i = 0; i < 4; i++) {
        dims[i] = i < s.rank() ? s.dim(-1 - i) : 1;
        long own = i < m.shape().rank() ? m.shape().dim(-1 - i) : 1;
        boolean first = i > 0 && i == m.shape().rank() - 1;
        maskStep[i] = own == 1 ? 0 : first ? 4 * m.rowStride() : dense;
        dense *= own;
      }
    }

    @Override
    void rows(long from, long to, int worker) {
      for (long i = from; i < to; i++) {
        long n = causal ? Math.min(x.length, i % queries + 1) : x.length;
        row(out.at(i), x.at(i), n, i);
      }
    }

    private void row(long y, long in, long n, long i) {
      math.mul(y, in, scale, n);
      if (masked) {
        addMask(y, n, i);
      }
      float max = math.max(y, n);
      float hidden = log ? Float.NEGATIVE_INFINITY : 0;
      long visible = max == Float.NEGATIVE_INFINITY ? 0 : n;
      if (visible > 0 && log) {
        // max and the logarithm apart: their sum would round a small one away.
        float less = (float) -Math.log(math.expSum(y, max, n));
        math.normalize(y, y, max, 1, less, 0, 0, n);
      } else if (visible > 0) {
        math.mul(y, y, 1 / math.expSum(y, y, max, n), n);
      }
      math.fill(y + 4 * visible, hidden, out.length - visible);
    }

    private void addMask(long y, long n, long i) {
      long row = mask;
      long rest = i;
      for (int d = 1; d < 4; d++) {
        row += rest % dims[d] * maskStep[d];
        rest /= dims[d];
      }
      if (maskStep[0] == 0) {
        math.add(y, y, f32(row), n);
      } else {
        math.add(y, y, row, n);
      }
    }
  }

  /** Pool: a row is one segment. */
  static final class Pools extends RowKernel {
    private long out;
    private long x;
    private long outStride;
    private long xStride;
    private long length;
    private long offsets;
    private PoolKind kind;

    Pools(CpuDevice device) {
      super(device);
    }

    void execute(Op.Pool op) {
      Shape s = op.out().shape();
      out = Memory.address(op.out());
      x = Memory.address(op.x());
      outStride = 4 * op.out().rowStride();
      xStride = 4 * op.x().rowStride();
      length = s.dim(1);
      offsets = Memory.address(op.offsets());
      kind = op.kind();
      forRows(s.dim(0), length * Math.max(1, op.x().shape().dim(0) / Math.max(1, s.dim(0))));
    }

    @Override
    void rows(long from, long to, int worker) {
      for (long b = from; b < to; b++) {
        segment(out + b * outStride, i32(offsets + 4 * b), i32(offsets + 4 * b + 4));
      }
    }

    private void segment(long y, int first, int end) {
      if (end <= first) {
        math.fill(y, 0, length);
        return;
      }
      Memory.copy(y, x + (kind == PoolKind.LAST ? end - 1 : first) * xStride, 4 * length);
      for (int t = first + 1; t < end; t++) {
        switch (kind) {
          case MEAN -> math.add(y, y, x + t * xStride, length);
          case MAX -> math.max(y, x + t * xStride, length);
          case FIRST, LAST -> {
            return;
          }
        }
      }
      if (kind == PoolKind.MEAN) {
        math.mul(y, y, 1f / (end - first), length);
      }
    }
  }
}
