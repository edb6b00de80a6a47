package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.Activation;

/** One thread's present tile: neighbouring queries of one sequence and one key head. */
final class AttentionTile {
  private static final float HIDDEN = Float.NEGATIVE_INFINITY;

  private final AttentionCall call;
  private long scratch;
  private int b;
  private int keyHead;

  /** Row of the sequence's first query. */
  private long firstRow;

  /** Absolute position of the sequence's first query. */
  private long start;

  private long length;

  /** Number of the tile's first row among the sequence's (query, head of the group) pairs. */
  private int first;

  private int rows;
  private int width;

  /** Keys some query of the tile sees: from here.. */
  private long visibleFrom;

  /** .. to before here. */
  private long visibleEnd;

  AttentionTile(AttentionCall call) {
    this.call = call;
  }

  /**
   * Takes up a tile.
   *
   * @return false if it has no query
   */
  boolean open(int sequence, int head, int tile, long ownScratch) {
    AttentionCall c = call;
    scratch = ownScratch;
    b = sequence;
    keyHead = head;
    firstRow = i32(c.offsets + 4L * b);
    start = i32(c.starts + 4L * b);
    length = Math.min(i32(c.lengths + 4L * b), c.maxKeys);
    first = tile * c.width;
    long all = (i32(c.offsets + 4L * b + 4) - firstRow) * c.group;
    rows = (int) Math.min(c.width, all - first);
    if (rows <= 0 || start < 0) {
      return false;
    }
    width = rows <= c.tiles.lanes() ? c.tiles.lanes() : c.width;
    visibleFrom = firstKey(0);
    visibleEnd = endKey(rows - 1);
    return true;
  }

  /** Query (counted in its sequence) of the tile's row r. */
  private int query(int r) {
    return (first + r) / call.group;
  }

  /** Head of the tile's row r. */
  private int head(int r) {
    return keyHead * call.group + (first + r) % call.group;
  }

  /** First key row r sees. */
  private long firstKey(int r) {
    return call.window > 0 ? Math.max(0, start + query(r) - call.window + 1) : 0;
  }

  /** Key behind the last one row r sees. */
  private long endKey(int r) {
    return call.causal ? Math.min(length, start + query(r) + 1) : length;
  }

  /** All chunks, and the output. */
  void run() {
    long from = visibleFrom / AttentionCall.CHUNK;
    long end = (visibleEnd + AttentionCall.CHUNK - 1) / AttentionCall.CHUNK;
    long result = scratch + call.resultAt;
    long state = scratch + call.stateAt;
    packQueries();
    if (end - from == 1) {
      chunk(from, result);
      finish(result, state + 4L * call.width);
      return;
    }
    beginTotal();
    for (long c = from; c < end; c++) {
      chunk(c, result);
      addToTotal(result, state);
    }
    finishTotal();
  }

  /** One chunk, into a part: its rows, then m and l. */
  void part(long chunk, long part) {
    packQueries();
    chunk(chunk, part);
    long state = part + call.partBytes - 8L * call.width;
    Memory.copy(state, scratch + call.stateAt, 8L * call.width);
  }

  /** The output, from the parts of all chunks. */
  void combine(long parts) {
    beginTotal();
    for (int c = 0; c < call.chunks; c++) {
      long part = parts + c * call.partBytes;
      addToTotal(part, part + call.partBytes - 8L * call.width);
    }
    finishTotal();
  }

  private void packQueries() {
    long to = scratch;
    if (rows < width) {
      call.math.fill(to, 0, (long) call.size * width);
    }
    for (int r = 0; r < rows; r++) {
      long from = call.q + (firstRow + query(r)) * call.qStride + 4L * head(r) * call.size;
      for (int d = 0; d < call.size; d++) {
        f32(to + 4L * (d * width + r), call.scale * f32(from + 4L * d));
      }
    }
  }

  /** Sums a chunk's keys into {@code result} [rows, columns] and the thread's state. */
  private void chunk(long chunk, long result) {
    AttentionCall c = call;
    long state = scratch + c.stateAt;
    c.math.fill(state, c.relu ? 0 : HIDDEN, c.width);
    c.math.fill(state + 4L * c.width, 0, c.width);
    c.math.fill(result, 0, (long) (rows == 1 ? 1 : Math.min(c.width, rows + 7 & -8)) * c.columns);
    long from =
        Math.max(
            chunk * AttentionCall.CHUNK, visibleFrom / AttentionCall.BLOCK * AttentionCall.BLOCK);
    long end = Math.min((chunk + 1) * AttentionCall.CHUNK, visibleEnd);
    for (long j = from; j < end; j += AttentionCall.BLOCK) {
      block(j, (int) Math.min(AttentionCall.BLOCK, end - j), result, state);
    }
  }

  private void block(long j, int n, long result, long state) {
    AttentionCall c = call;
    long scores = scratch + c.scoresAt;
    long k = scratch + c.keysAt;
    long kStride = 4L * c.size;
    if (c.keys.inPlace(j, n, 1)) {
      k = c.keys.first(b, j, keyHead);
      kStride = c.keys.stride();
    } else {
      c.keys.copy(b, j, n, keyHead, k, kStride);
    }
    c.tiles.scores(scores, scratch, k, kStride, n, rows, width, c.size);
    if (c.bias.any() || c.softCap > 0) {
      shape(scores, j, n);
    }
    hide(scores, j, n);
    if (c.relu) {
      c.math.activate(scores, scores, (long) n * width, Activation.RELU, 1, 1);
    } else {
      c.tiles.softmax(scores, state, n, rows, width);
      update(state, result);
    }
    if (c.dropout != null) {
      drop(scores, j, n);
    }
    long v = scratch + c.valuesAt;
    long vStride = 4L * c.columns;
    if (c.values.inPlace(j, n, c.tiles.columns())) {
      v = c.values.first(b, j, keyHead);
      vStride = c.values.stride();
    } else {
      c.values.copy(b, j, n, keyHead, v, vStride);
    }
    c.tiles.weigh(result, scores, v, vStride, n, rows, width, c.columns);
  }

  /** Takes the new m and l, and scales what the keys before gave where m has changed. */
  private void update(long state, long result) {
    long array = 4L * call.width;
    for (int r = 0; r < rows; r++) {
      long own = state + 4L * r;
      float m = f32(own + 2 * array);
      float factor = m == f32(own) ? 1 : (float) Math.exp((double) f32(own) - m);
      f32(own, m);
      f32(own + array, f32(own + array) * factor + f32(own + 3 * array));
      if (factor != 1) {
        long row = result + 4L * r * call.columns;
        call.math.mul(row, row, factor, call.columns);
      }
    }
  }

  /** cap(score + bias). A bias of -inf hides, with a cap too. */
  private void shape(long scores, long j, int n) {
    if (!call.bias.any()) {
      float cap = call.softCap;
      call.math.activate(scores, scores, (long) n * width, Activation.TANH, 1 / cap, cap);
      return;
    }
    for (int r = 0; r < rows; r++) {
      int i = query(r);
      int h = head(r);
      for (int key = 0; key < n; key++) {
        long at = scores + 4L * (key * width + r);
        float s = f32(at) + call.bias.at(b, h, i, j + key, start + i);
        f32(at, s == HIDDEN || call.softCap == 0 ? s : cap(s));
      }
    }
  }

  private float cap(float s) {
    return (float) (call.softCap * Math.tanh(s / call.softCap));
  }

  /** Hides keys by causality and window. */
  private void hide(long scores, long j, int n) {
    if (endKey(0) < j + n) {
      for (int r = 0; r < rows; r++) {
        for (long key = Math.max(j, endKey(r)); key < j + n; key++) {
          f32(scores + 4 * ((key - j) * width + r), HIDDEN);
        }
      }
    }
    if (firstKey(rows - 1) > j) {
      for (int r = 0; r < rows; r++) {
        for (long key = j; key < Math.min(j + n, firstKey(r)); key++) {
          f32(scores + 4 * ((key - j) * width + r), HIDDEN);
        }
      }
    }
  }

  private void drop(long scores, long j, int n) {
    float p = call.dropout.probability();
    float keep = 1 / (1 - p);
    int heads = call.group * call.keyHeads;
    for (int r = 0; r < rows; r++) {
      for (int key = 0; key < n; key++) {
        int at = (int) (j + key);
        float number = call.draws.number(at & 3, at >> 2, query(r), b * heads + head(r));
        long score = scores + 4L * (key * width + r);
        f32(score, number >= p ? f32(score) * keep : 0);
      }
    }
  }

  private void beginTotal() {
    call.math.fill(scratch + call.totalAt, 0, (long) rows * call.columns);
    call.math.fill(scratch + call.totalStateAt, HIDDEN, call.width);
    call.math.fill(scratch + call.totalStateAt + 4L * call.width, 0, call.width);
  }

  /** Adds a chunk's rows, with their m and l, to the total's. */
  private void addToTotal(long result, long state) {
    AttentionCall c = call;
    for (int r = 0; r < rows; r++) {
      long totalM = scratch + c.totalStateAt + 4L * r;
      long totalL = totalM + 4L * c.width;
      float m = f32(state + 4L * r);
      float before = f32(totalM);
      if (m == HIDDEN) {
        continue;
      }
      float after = Math.max(before, m);
      float a = (float) Math.exp((double) before - after);
      float b = (float) Math.exp((double) m - after);
      long row = scratch + c.totalAt + 4L * r * c.columns;
      c.math.mul(row, row, a, c.columns);
      c.math.addScaled(row, b, result + 4L * r * c.columns, c.columns);
      f32(totalM, after);
      f32(totalL, f32(totalL) * a + f32(state + 4L * (c.width + r)) * b);
    }
  }

  private void finishTotal() {
    finish(scratch + call.totalAt, scratch + call.totalStateAt + 4L * call.width);
  }

  /** Divides rows by their l; a query that saw no key gives zeros. */
  private void finish(long result, long l) {
    AttentionCall c = call;
    for (int r = 0; r < rows; r++) {
      long to = c.out + (firstRow + query(r)) * c.outStride + 4L * head(r) * c.valueSize;
      float sum = c.relu ? 1 : f32(l + 4L * r);
      if (sum == 0) {
        c.math.fill(to, 0, c.valueSize);
      } else {
        c.math.mul(to, result + 4L * r * c.columns, 1 / sum, c.valueSize);
      }
    }
  }
}
