package dev.heed.device.cpu;

import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Random;
import dev.heed.tensor.Shape;

/** The present attention op, taken apart: what all its tiles share. Sizes are in elements. */
final class AttentionCall {
  /** Keys between two updates of the softmax. */
  static final int BLOCK = 64;

  /** Keys whose results are summed by themselves. */
  static final int CHUNK = 512;

  final AttentionMath tiles;
  final RowMath math;
  final KeyRows keys;
  final KeyRows values;
  final ScoreBias bias = new ScoreBias();
  final Draws draws = new Draws();

  long out;
  long outStride;
  long q;
  long qStride;
  long offsets;
  long starts;
  long lengths;
  int sequences;
  int group;
  int keyHeads;
  int size;
  int valueSize;
  int maxQueries;
  int maxKeys;
  float scale;
  boolean causal;
  int window;
  float softCap;
  boolean relu;
  Random dropout;

  /** valueSize, padded. */
  int columns;

  /** Queries of a full tile. */
  int width;

  /** Tiles a key head's queries make. */
  int tilesPerHead;

  /** Chunks the keys make. */
  int chunks;

  // Where things lie in a thread's scratch, in bytes.
  long scoresAt;
  long resultAt;
  long totalAt;
  long stateAt;
  long totalStateAt;
  long keysAt;
  long valuesAt;
  long workerBytes;

  /** Bytes of one chunk's result for one key head: its rows, then m and l. */
  long partBytes;

  AttentionCall(AttentionMath tiles, RowMath math) {
    this.tiles = tiles;
    this.math = math;
    keys = new KeyRows(math);
    values = new KeyRows(math);
  }

  /** Takes shapes and attributes: all that scratch depends on. */
  void shape(Op.Attention op) {
    Shape k = op.kv().keys().shape();
    keyHeads = (int) k.dim(-2);
    group = (int) (op.q().shape().dim(1) / keyHeads);
    size = (int) op.q().shape().dim(2);
    valueSize = (int) op.out().shape().dim(2);
    sequences = (int) Pages.count(op.seq());
    maxQueries = op.seq().maxQueries();
    maxKeys = op.seq().maxKeys();
    width = 2 * tiles.lanes();
    int step = tiles.columns();
    columns = (valueSize + step - 1) / step * step;
    tilesPerHead = (int) (((long) maxQueries * group + width - 1) / width);
    chunks = Math.max(1, (maxKeys + CHUNK - 1) / CHUNK);
    scoresAt = bytes((long) size * width);
    resultAt = scoresAt + bytes((long) BLOCK * width);
    totalAt = resultAt + bytes((long) width * columns);
    stateAt = totalAt + bytes((long) width * columns);
    totalStateAt = stateAt + bytes(4L * width);
    keysAt = totalStateAt + bytes(2L * width);
    valuesAt = keysAt + bytes((long) BLOCK * size);
    workerBytes = valuesAt + bytes((long) BLOCK * columns);
    long rows = Math.min(width, (long) maxQueries * group + 7 & -8);
    partBytes = partBytes(rows);
  }

  private long partBytes(long rows) {
    return bytes(rows * columns) + bytes(2L * width);
  }

  private static long bytes(long floats) {
    return (4 * floats + 255) & -256;
  }

  /**
   * Whether several threads share the keys of one query: if there are too few tiles to keep them
   * busy. The results are the same.
   */
  boolean splits(int threads) {
    return chunks > 1 && tilesPerHead == 1 && (long) sequences * keyHeads < 4L * threads;
  }

  /**
   * Scratch of the op, in bytes, which is enough for any with fewer sequences or keys, or other
   * queries: a plan made with the largest step holds for all.
   */
  long scratchBytes(int threads) {
    long shared = Math.min((long) sequences * keyHeads, 4L * threads);
    long parts = chunks > 1 ? shared * chunks * partBytes(width) : 0;
    return threads * workerBytes + parts;
  }

  void of(Op.Attention op) {
    shape(op);
    out = Memory.address(op.out());
    outStride = 4 * op.out().rowStride();
    q = Memory.address(op.q());
    qStride = 4 * op.q().rowStride();
    offsets = Memory.address(op.seq().queryOffsets());
    starts = Memory.address(op.seq().queryStart());
    lengths = Memory.address(op.kv().lengths());
    scale = op.scale();
    causal = op.causal();
    window = op.window();
    softCap = op.softCap();
    relu = op.normalizer() == Normalizer.RELU;
    dropout = op.dropout().orElse(null);
    if (dropout != null) {
      draws.of(dropout);
    }
    keys.of(op.kv(), op.kv().keys());
    values.of(op.kv(), op.kv().values());
    bias.of(op.bias());
  }
}
