package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.Activation;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Random;

/**
 * Attention that gives its weights: one query of one head at a time, whose scores become weights in
 * the output for them.
 */
final class AttentionMap extends RowKernel {
  private final long scratch;
  private final KeyRows keys;
  private final KeyRows values;
  private final ScoreBias bias = new ScoreBias();
  private final Draws draws = new Draws();
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

  AttentionMap(CpuDevice device, long scratch) {
    super(device);
    this.scratch = scratch;
    keys = new KeyRows(math);
    values = new KeyRows(math);
  }

  /** A key and a value for each thread. */
  static long scratchBytes(Op.Attention op, int threads) {
    return threads * workerBytes(op);
  }

  private static long workerBytes(Op.Attention op) {
    return aligned(op.q().shape().dim(2)) + aligned(op.out().shape().dim(2));
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
    weights = Memory.address(o.weights().get());
    weightStride = 4 * o.weights().get().rowStride();
    perWorker = workerBytes(o);
    keys.of(o.kv(), o.kv().keys());
    values.of(o.kv(), o.kv().values());
    bias.of(o.bias());
    o.dropout().ifPresent(draws::of);
    forRows(o.q().shape().dim(0) * heads, (size + valueSize) * Math.max(1, o.seq().maxKeys()));
    if (o.dropout().isPresent()) {
      Draws.advance(o.dropout().get());
    }
    op = null;
  }

  @Override
  void rows(long from, long to, int worker) {
    for (long r = from; r < to; r++) {
      long t = r / heads;
      long h = r % heads;
      long y = out + t * outStride + 4 * h * valueSize;
      int maxKeys = op.seq().maxKeys();
      long scores = weights + t * weightStride + 4 * h * maxKeys;
      math.fill(y, 0, valueSize);
      math.fill(scores, 0, maxKeys);
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
    long key = scratch + worker * perWorker;
    long value = key + aligned(size);
    long at = q + t * qStride + 4 * h * size;
    for (long j = first; j < end; j++) {
      long k = keys.row(b, j, h / group, key);
      float s = op.scale() * math.dot(at, k, size) + bias.at(b, h, i, j, position);
      f32(scores + 4 * j, op.softCap() > 0 ? cap(s) : s);
    }
    normalize(row, n);
    for (long j = first; j < end; j++) {
      float weight = f32(scores + 4 * j);
      weight = op.dropout().isEmpty() ? weight : drop(weight, b * heads + h, i, j);
      if (weight != 0) {
        math.addScaled(y, weight, values.row(b, j, h / group, value), valueSize);
      }
    }
  }

  /** A score of -inf stays so. */
  private float cap(float s) {
    float cap = op.softCap();
    return s == Float.NEGATIVE_INFINITY ? s : (float) (cap * Math.tanh(s / cap));
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

  private float drop(float weight, long head, long i, long j) {
    Random random = op.dropout().get();
    float p = random.probability();
    return draws.number((int) (j & 3), (int) (j >> 2), (int) i, (int) head) >= p
        ? weight / (1 - p)
        : 0;
  }
}
