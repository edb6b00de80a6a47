package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.Op;

/** TopK: each row's best so far are kept in order in the output itself. */
final class TopKRows extends RowKernel {
  private long x;
  private long values;
  private long ids;
  private long xStride;
  private long valueStride;
  private long idStride;
  private long columns;
  private long k;

  TopKRows(CpuDevice device) {
    super(device);
  }

  void execute(Op.TopK op) {
    x = Memory.address(op.x());
    values = Memory.address(op.values());
    ids = Memory.address(op.ids());
    xStride = 4 * op.x().rowStride();
    valueStride = 4 * op.values().rowStride();
    idStride = 4 * op.ids().rowStride();
    columns = op.x().shape().dim(1);
    k = op.values().shape().dim(1);
    forRows(op.x().shape().dim(0), columns);
  }

  @Override
  void rows(long from, long to, int worker) {
    for (long r = from; r < to; r++) {
      row(x + r * xStride, values + r * valueStride, ids + r * idStride);
    }
  }

  private void row(long in, long best, long bestIds) {
    long found = 0;
    for (long j = 0; j < columns; j++) {
      float v = f32(in + 4 * j);
      if (found == k && !beats(v, f32(best + 4 * (k - 1)))) {
        continue;
      }
      long at = found < k ? found++ : k - 1;
      while (at > 0 && beats(v, f32(best + 4 * (at - 1)))) {
        f32(best + 4 * at, f32(best + 4 * (at - 1)));
        i32(bestIds + 4 * at, i32(bestIds + 4 * (at - 1)));
        at--;
      }
      f32(best + 4 * at, v);
      i32(bestIds + 4 * at, (int) j);
    }
  }

  private static boolean beats(float a, float b) {
    return a > b || Float.isNaN(b) && !Float.isNaN(a);
  }
}
