package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.i32;

import dev.heed.op.Op;

/**
 * Attention by tiles of queries and blocks of keys with an online softmax (Dao et al. 2022): never
 * a matrix of scores. A tile holds neighbouring queries of all heads that share a key head. Keys
 * are summed in chunks, whose results are put together in order; so it does not matter whether one
 * thread takes all chunks of a query or several threads one each.
 */
final class AttentionKernel extends RowKernel {
  private final AttentionCall call;
  private final AttentionTile[] tiles;
  private final long scratch;
  private long parts;
  private Phase phase;

  /** What a row of the job is. */
  private enum Phase {
    /** All keys of a tile. */
    TILES,
    /** One chunk of the keys of a key head's only tile. */
    PARTS,
    /** The chunks of a tile put together. */
    COMBINE
  }

  AttentionKernel(CpuDevice device, long scratch) {
    super(device);
    this.scratch = scratch;
    call = new AttentionCall(device.tiles(), math);
    tiles = new AttentionTile[workers.count()];
    for (int i = 0; i < tiles.length; i++) {
      tiles[i] = new AttentionTile(call);
    }
  }

  static long scratchBytes(Op.Attention op, CpuDevice device) {
    AttentionCall call = new AttentionCall(device.tiles(), device.math());
    call.shape(op);
    return call.scratchBytes(device.workers().count());
  }

  void execute(Op.Attention op) {
    call.of(op);
    zeroIdleRows(op.q().shape().dim(0));
    int heads = call.sequences * call.keyHeads;
    long work = (long) Math.max(1, call.maxKeys) * (call.size + call.valueSize);
    if (call.splits(tiles.length)) {
      parts = scratch + tiles.length * call.workerBytes;
      phase = Phase.PARTS;
      forRows((long) heads * call.chunks, work / call.chunks);
      phase = Phase.COMBINE;
      forRows(heads, (long) call.chunks * call.width * call.columns);
    } else {
      phase = Phase.TILES;
      forRows((long) heads * call.tilesPerHead, work);
    }
    if (call.dropout != null) {
      Draws.advance(call.dropout);
    }
  }

  /** Rows of no sequence and of inert ones get zeros. */
  private void zeroIdleRows(long rows) {
    int n = call.sequences;
    zero(0, n == 0 ? rows : i32(call.offsets));
    for (int b = 0; b < n; b++) {
      if (i32(call.starts + 4L * b) < 0) {
        zero(i32(call.offsets + 4L * b), i32(call.offsets + 4L * b + 4));
      }
    }
    zero(n == 0 ? rows : i32(call.offsets + 4L * n), rows);
  }

  private void zero(long from, long end) {
    for (long t = from; t < end; t++) {
      math.fill(
          call.out + t * call.outStride, 0, (long) call.group * call.keyHeads * call.valueSize);
    }
  }

  @Override
  void rows(long from, long to, int worker) {
    AttentionTile tile = tiles[worker];
    long own = scratch + worker * call.workerBytes;
    for (long i = from; i < to; i++) {
      switch (phase) {
        case TILES -> {
          int per = call.tilesPerHead;
          int head = (int) (i / per);
          // The last tiles of a causal op see the most keys: they come first.
          if (tile.open(sequence(head), head % call.keyHeads, (int) (per - 1 - i % per), own)) {
            tile.run();
          }
        }
        case PARTS -> {
          int head = (int) (i / call.chunks);
          if (tile.open(sequence(head), head % call.keyHeads, 0, own)) {
            tile.part(i % call.chunks, parts + i * call.partBytes);
          }
        }
        case COMBINE -> {
          int head = (int) i;
          if (tile.open(sequence(head), head % call.keyHeads, 0, own)) {
            tile.combine(parts + i * call.chunks * call.partBytes);
          }
        }
      }
    }
  }

  private int sequence(int head) {
    return head / call.keyHeads;
  }
}
