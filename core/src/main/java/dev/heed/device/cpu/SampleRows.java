package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.Op;
import dev.heed.op.Random;
import java.lang.foreign.ValueLayout;

/**
 * Sample: where top-k or top-p ask for order, candidates leave a heap by falling probability,
 * equals by rising id, for as long as they are kept. In F64.
 */
final class SampleRows extends RowKernel {
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED;

  private final long scratch;
  private final Draws draws = new Draws();
  private Op.Sample op;
  private int vocabulary;
  private long perWorker;

  SampleRows(CpuDevice device, long scratch) {
    super(device);
    this.scratch = scratch;
  }

  /** Values and a heap of ids for each thread. */
  static long scratchBytes(Op.Sample op, int threads) {
    return threads * workerBytes(op);
  }

  private static long workerBytes(Op.Sample op) {
    return (12 * op.logits().shape().dim(1) + 255) & -256;
  }

  void execute(Op.Sample o) {
    op = o;
    vocabulary = (int) o.logits().shape().dim(1);
    perWorker = workerBytes(o);
    Random random = new Random(0, o.state());
    draws.of(random);
    forRows(o.logits().shape().dim(0), 8L * vocabulary);
    Draws.advance(random);
  }

  @Override
  void rows(long from, long to, int worker) {
    for (long r = from; r < to; r++) {
      long parameters = Memory.address(op.parameters()) + 4 * r * op.parameters().rowStride();
      long values = scratch + worker * perWorker;
      load(values, r, f32(parameters + 16));
      int best = best(values);
      float temperature = f32(parameters);
      int id = Double.isFinite(value(values, best)) ? best : -1;
      if (id >= 0 && temperature != 0) {
        id = draw(values, best, temperature, parameters, r);
      }
      i32(Memory.address(op.ids()) + 4 * r * op.ids().rowStride(), id);
    }
  }

  private static double value(long values, int id) {
    return Memory.ALL.get(F64, values + 8L * id);
  }

  private static void value(long values, int id, double v) {
    Memory.ALL.set(F64, values + 8L * id, v);
  }

  /** The row's logits, those of its history penalised. */
  private void load(long values, long r, double penalty) {
    long logits = Memory.address(op.logits()) + 4 * r * op.logits().rowStride();
    for (int i = 0; i < vocabulary; i++) {
      value(values, i, f32(logits + 4L * i));
    }
    long history = Memory.address(op.history()) + 4 * r * op.history().rowStride();
    int length = i32(Memory.address(op.historyLengths()) + 4 * r * op.historyLengths().rowStride());
    for (int i = 0; i < length && penalty != 1; i++) {
      int id = i32(history + 4L * i);
      if (id >= 0 && id < vocabulary) {
        double x = f32(logits + 4L * id); // the logit itself: an id that comes twice counts once
        value(values, id, x > 0 ? x / penalty : x * penalty);
      }
    }
  }

  private int best(long values) {
    int best = 0;
    for (int i = 1; i < vocabulary; i++) {
      if (value(values, i) > value(values, best) || Double.isNaN(value(values, best))) {
        best = i;
      }
    }
    return best;
  }

  /** Turns logits into weights relative to the best, and draws one. */
  private int draw(long values, int best, float temperature, long parameters, long r) {
    double max = value(values, best);
    double total = 0;
    for (int i = 0; i < vocabulary; i++) {
      double p = Math.exp((value(values, i) - max) / temperature);
      p = Double.isNaN(p) ? 0 : p;
      value(values, i, p);
      total += p;
    }
    int topK = (int) f32(parameters + 4);
    int most = topK > 0 ? Math.min(topK, vocabulary) : vocabulary;
    double topP = f32(parameters + 8);
    double minP = f32(parameters + 12);
    if (most < vocabulary || topP < 1) {
      keepLargest(values, most, topP, total);
    }
    double kept = 0;
    for (int i = 0; i < vocabulary; i++) {
      if (value(values, i) < minP) {
        value(values, i, 0);
      }
      kept += value(values, i);
    }
    return pick(values, best, draws.number(0, (int) r, 0, 0) * kept);
  }

  /** Zeros all but the largest {@code most}, and of those all behind the first that reach top-p. */
  private void keepLargest(long values, int most, double topP, double total) {
    long heap = heapify(values);
    int popped = 0;
    double mass = most < vocabulary ? 0 : total;
    for (; most < vocabulary && popped < most; popped++) {
      mass += value(values, pop(heap, values, vocabulary - popped));
    }
    int kept = 0;
    double sum = 0;
    while (kept < most && (topP >= 1 || kept == 0 || sum < topP * mass)) {
      if (kept == popped) {
        pop(heap, values, vocabulary - popped++);
      }
      kept++;
      sum += value(values, i32(heap + 4L * (vocabulary - kept)));
    }
    for (int i = 0; i < vocabulary - kept; i++) {
      value(values, i32(heap + 4L * i), 0);
    }
  }

  /** The first id with which the running sum passes the target. */
  private int pick(long values, int best, double target) {
    double sum = 0;
    for (int i = 0; i < vocabulary; i++) {
      sum += value(values, i);
      if (sum > target) {
        return i;
      }
    }
    return best;
  }

  /** All ids as a heap behind the values: largest weight first, then lowest id. */
  private long heapify(long values) {
    long heap = values + 8L * vocabulary;
    for (int i = 0; i < vocabulary; i++) {
      i32(heap + 4L * i, i);
    }
    for (int i = vocabulary / 2 - 1; i >= 0; i--) {
      sink(heap, values, i, vocabulary);
    }
    return heap;
  }

  /** Takes the first of {@code size} ids and leaves it behind the others. */
  private static int pop(long heap, long values, int size) {
    int first = i32(heap);
    i32(heap, i32(heap + 4L * (size - 1)));
    i32(heap + 4L * (size - 1), first);
    sink(heap, values, 0, size - 1);
    return first;
  }

  private static void sink(long heap, long values, int at, int size) {
    int id = i32(heap + 4L * at);
    while (2 * at + 1 < size) {
      int child = 2 * at + 1;
      if (child + 1 < size
          && before(values, i32(heap + 4L * (child + 1)), i32(heap + 4L * child))) {
        child++;
      }
      int other = i32(heap + 4L * child);
      if (!before(values, other, id)) {
        break;
      }
      i32(heap + 4L * at, other);
      at = child;
    }
    i32(heap + 4L * at, id);
  }

  private static boolean before(long values, int a, int b) {
    double x = value(values, a);
    double y = value(values, b);
    return x > y || x == y && a < b;
  }
}
