package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.Activation;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Random;
import dev.heed.tensor.DType;

/** Attention, one query of one head at a time: all attributes, with one row of scores. */
final class AttentionKernel extends RowKernel {
  private final long scratch;
  private final KeyRows keys = new KeyRows();
  private final KeyRows values = new KeyRows();
  private final ScoreBias bias = new ScoreBias();
  private final Philox[] philox;
  private Op.Attention op;
  private long out;
  private long outStride;
  private long q;
  private long qStride;
  private long heads;
  private long group;
  private long size;
  private long valueSize;
  private long offsets;
  private long starts;
  private long lengths;
  private long sequences;
  private long weights;
  private long weightStride;
  private long perWorker;

  AttentionKernel(CpuDevice device, long scratch) {
    super(device);
    this.scratch = scratch;
    philox = Philox.array(workers.count());
  }

  /** A row of scores, a key and a value for each thread. */
  static long scratchBytes(Op.Attention op, int threads) {
    return threads * workerBytes(op);
  }

  private static long workerBytes(Op.Attention op) {
    return aligned(op.seq().maxKeys())
        + aligned(op.q().shape().dim(2))
        + aligned(op.out().shape().dim(2));
  }

  private static long aligned(long floats) {
    return (4 * floats + 255) & -256;
  }

  void execute(Op.Attention o) {
    op = o;
    out = Memory.address(o.out());
    outStride = 4 * o.out().rowStride();
    q = Memory.address(o.q());
    qStride = 4 * o.q().rowStride();
    heads = o.q().shape().dim(1);
    size = o.q().shape().dim(2);
    valueSize = o.out().shape().dim(2);
    group = heads / o.kv().keys().shape().dim(-2);
    offsets = Memory.address(o.seq().queryOffsets());
    starts = Memory.address(o.seq().queryStart());
    lengths = Memory.address(o.kv().lengths());
    sequences = Pages.count(o.seq());
    weights = o.weights().isPresent() ? Memory.address(o.weights().get()) : 0;
    weightStride = weights == 0 ? 0 : 4 * o.weights().get().rowStride();
    perWorker = workerBytes(o);
    keys.of(o.kv(), o.kv().keys());
    values.of(o.kv(), o.kv().values());
    bias.of(o.bias());
    forRows(o.q().shape().dim(0) * heads, (size + valueSize) * Math.max(1, o.seq().maxKeys()));
    if (o.dropout().isPresent()) {
      Philox.advance(o.dropout().get());
    }
    op = null;
  }

  @Override
  void rows(long from, long to, int worker) {
    for (long r = from; r < to; r++) {
      long t = r / heads;
      long h = r % heads;
      long y = out + t * outStride + 4 * h * valueSize;
      long own = scratch + worker * perWorker;
      int maxKeys = op.seq().maxKeys();
      long scores = weights == 0 ? own : weights + t * weightStride + 4 * h * maxKeys;
      math.fill(y, 0, valueSize);
      if (weights != 0) {
        math.fill(scores, 0, maxKeys);
      }
      int b = Pages.sequence(offsets, sequences, t);
      if (b >= 0 && i32(starts + 4L * b) >= 0) {
        query(b, t - i32(offsets + 4L * b), h, t, y, scores, worker);
      }
    }
  }

  /** Query i of sequence b, which is row t, in head h. */
  private void query(int b, long i, long h, long t, long y, long scores, int worker) {
    long position = i32(starts + 4L * b) + i;
    long length = Math.min(i32(lengths + 4L * b), op.seq().maxKeys());
    long end = op.causal() ? Math.min(length, position + 1) : length;
    long first = op.window() > 0 ? Math.max(0, position - op.window() + 1) : 0;
    long n = end - first;
    if (n <= 0) {
      return;
    }
    long row = scores + 4 * first;
    long key = scratch + worker * perWorker + aligned(op.seq().maxKeys());
    long value = key + aligned(size);
    long at = q + t * qStride + 4 * h * size;
    for (long j = first; j < end; j++) {
      long k = keys.row(math, b, j, h / group, key);
      f32(scores + 4 * j, op.scale() * math.dot(at, k, size) + bias.at(b, h, i, j, position));
    }
    if (op.softCap() > 0) {
      math.activate(row, row, n, Activation.TANH, 1 / op.softCap(), op.softCap());
    }
    normalize(row, n);
    Philox numbers = op.dropout().isPresent() ? philox[worker].seed(op.dropout().get()) : null;
    for (long j = first; j < end; j++) {
      float weight = f32(scores + 4 * j);
      weight = numbers == null ? weight : drop(numbers, weight, b * heads + h, i, j);
      if (weight != 0) {
        math.addScaled(y, weight, values.row(math, b, j, h / group, value), valueSize);
      }
    }
  }

  private void normalize(long row, long n) {
    if (op.normalizer() == Normalizer.RELU) {
      math.activate(row, row, n, Activation.RELU, 1, 1);
      return;
    }
    float max = math.max(row, n);
    if (max == Float.NEGATIVE_INFINITY) {
      math.fill(row, 0, n);
    } else {
      math.mul(row, row, 1 / math.expSum(row, row, max, n), n);
    }
  }

  private float drop(Philox numbers, float weight, long head, long i, long j) {
    Random random = op.dropout().get();
    numbers.at((int) (j >> 2), (int) i, (int) head);
    float p = random.probability();
    return numbers.get((int) (j & 3)) >= p ? weight / (1 - p) : 0;
  }

  /** The rows of keys or values of sequences. */
  private static final class KeyRows {
    private final Pages pages = new Pages();
    private boolean paged;
    private DType type;
    private long base;
    private long stride;
    private long starts;
    private long size;

    void of(KeyValues kv, dev.heed.tensor.Tensor t) {
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
    long row(RowMath math, int b, long j, long head, long to) {
      long first = paged ? pages.at(b, j) : base + (i32(starts + 4L * b) + j) * stride;
      long at = first + type.bytes(head * size);
      if (type == DType.F32) {
        return at;
      }
      math.toFloat(type, to, at, size);
      return to;
    }
  }
}
