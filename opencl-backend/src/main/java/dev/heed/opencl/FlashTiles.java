package dev.heed.opencl;

import dev.heed.op.Op;

/**
 * How attentionflash.cl takes an op apart: pure functions of the op. None of them changes a bit of
 * the result.
 */
final class FlashTiles {
  /** Keys whose softmax is taken at once: CHUNK in attentionchunks.cl. */
  private static final int CHUNK = 128;

  /** With fewer queries times heads than these, chunks of keys run side by side. */
  private static final long FEW_QUERIES = 1024;

  /** Elements of keys and queries that are in local memory at a time, and keys whose values are. */
  private static final int SLICE = 32;

  /** Columns of values that are in local memory at a time. */
  private static final int COLUMNS = 64;

  /** Floats behind each row in local memory, so that rows begin in different banks. */
  private static final int GAP = 4;

  private FlashTiles() {}

  /** Whether the numbers of attentionflash.cl go together, and a tile fits a work-group. */
  static boolean fits(Tuning tuning, ClDevice device) {
    int rows = tuning.get(Tunable.FLASH_ROWS);
    int lanes = tuning.get(Tunable.FLASH_TILE_LANES);
    int keys = lanes * tuning.get(Tunable.FLASH_TILE_KEYS);
    int items = rows / tuning.get(Tunable.FLASH_TILE_ROWS) * lanes;
    long floats =
        Math.max(keys * (SLICE + GAP), SLICE * COLUMNS)
            + rows * (SLICE + GAP + CHUNK + GAP + 4L)
            + 2L * (rows + CHUNK);
    return keys >= SLICE
        && keys <= CHUNK
        && Math.max(items, tuning.get(Tunable.FLASH_FEW_LANES)) <= device.maxGroupSize()
        && 4 * floats <= device.localMemoryBytes();
  }

  /**
   * Rows of a tile, as a power of 2, for queries of one sequence times heads that share keys: 1, 4,
   * 8 or the most, as a program is built for each. Reading keys costs more than rows that stand
   * idle.
   */
  static int rowsLog(Op.Attention op, int mostRows) {
    long group = op.q().shape().dim(1) / op.kv().keys().shape().dim(-2);
    long rows = op.seq().maxQueries() * group;
    int most = Integer.numberOfTrailingZeros(mostRows);
    return rows <= 1 ? 0 : rows <= 4 ? 2 : rows <= 8 ? 3 : most;
  }

  /** Chunks of the longest sequence's keys. */
  static int chunks(Op.Attention op) {
    return Math.ceilDiv(op.seq().maxKeys(), CHUNK);
  }

  /** Whether each chunk has groups of its own, whose results are merged afterwards. */
  static boolean inParts(Op.Attention op) {
    return op.weights().isEmpty() && chunks(op) > 1 && queries(op) < FEW_QUERIES;
  }

  /** Of the parts, for the op and for all that have fewer queries or keys and are else the same. */
  static long scratchBytes(Op.Attention op) {
    return op.weights().isPresent() || chunks(op) <= 1
        ? 0
        : 4 * Math.min(queries(op), FEW_QUERIES) * chunks(op) * (2 + op.out().shape().dim(2));
  }

  private static long queries(Op.Attention op) {
    return op.q().shape().dim(0) * op.q().shape().dim(1);
  }
}
