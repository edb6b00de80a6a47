package dev.heed.device.cpu;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.op.Random;
import dev.heed.tensor.Tensor;

/** Activate and Dropout. */
final class Elementwise {
  private final ActivateRows activate;
  private final DropRows drop;

  Elementwise(CpuDevice device) {
    activate = new ActivateRows(device);
    drop = new DropRows(device);
  }

  void execute(Op.Activate op) {
    activate.execute(op);
  }

  void execute(Op.Dropout op) {
    drop.execute(op);
  }

  private static final class ActivateRows extends RowKernel {
    private final Pieces pieces = new Pieces();
    private Activation fn;
    private float inScale;
    private float outScale;

    ActivateRows(CpuDevice device) {
      super(device);
    }

    void execute(Op.Activate op) {
      fn = op.fn();
      inScale = op.inScale();
      outScale = op.outScale();
      pieces.of(op.out(), op.in());
      forRows(pieces.count, 4 * pieces.length);
    }

    @Override
    void rows(long from, long to, int worker) {
      for (long i = from; i < to; i++) {
        math.activate(pieces.out(i), pieces.in(i), pieces.length(i), fn, inScale, outScale);
      }
    }
  }

  private static final class DropRows extends RowKernel {
    private final Pieces pieces = new Pieces();
    private final Draws draws = new Draws();
    private Random random;

    DropRows(CpuDevice device) {
      super(device);
    }

    void execute(Op.Dropout op) {
      random = op.random();
      draws.of(random);
      pieces.of(op.out(), op.in());
      forRows(pieces.count, 16 * pieces.length);
      Draws.advance(random);
    }

    @Override
    void rows(long from, long to, int worker) {
      float p = random.probability();
      float keep = 1 / (1 - p);
      for (long i = from; i < to; i++) {
        long first = i * pieces.length;
        for (long j = 0; j < pieces.length(i); j++) {
          long e = first + j;
          float number = draws.number((int) (e & 3), (int) (e >>> 2), (int) (e >>> 34), 0);
          float x = Memory.f32(pieces.in(i) + 4 * j);
          Memory.f32(pieces.out(i) + 4 * j, number >= p ? x * keep : 0);
        }
      }
    }
  }

  /**
   * Two tensors of one shape as pieces of F32: of the whole if both are dense, else the vectors.
   */
  private static final class Pieces {
    private static final long PIECE = 4096;
    private final View to = new View();
    private final View from = new View();
    private boolean flat;
    private long total;
    long count;
    long length;

    void of(Tensor out, Tensor in) {
      to.of(out);
      from.of(in);
      flat = out.isDense() && in.isDense();
      total = out.shape().elements();
      length = flat ? PIECE : to.length;
      count = flat ? (total + PIECE - 1) / PIECE : to.count;
    }

    long length(long i) {
      return flat ? Math.min(PIECE, total - i * PIECE) : length;
    }

    long out(long i) {
      return flat ? to.base + 4 * PIECE * i : to.at(i);
    }

    long in(long i) {
      return flat ? from.base + 4 * PIECE * i : from.at(i);
    }
  }
}
