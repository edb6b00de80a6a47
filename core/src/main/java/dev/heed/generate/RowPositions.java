package dev.heed.generate;

import dev.heed.device.CommandQueue;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * Where each row of a batch stands, on the device, which moves it on by itself; the host uploads
 * only when rows change. Rows that pad a bucket are inert, and stay so.
 */
final class RowPositions {
  /** The first query's position in a padded row. */
  private static final int INERT = -1;

  private final DeviceInts starts;
  private final DeviceInts positions;
  private final DeviceInts lengths;
  private final DeviceInts increments;

  RowPositions(CommandQueue queue, int rows, Arena arena) {
    this.starts = new DeviceInts(queue, rows, arena);
    this.positions = new DeviceInts(queue, rows, arena);
    this.lengths = new DeviceInts(queue, rows, arena);
    this.increments = new DeviceInts(queue, rows, arena);
  }

  /** I32 [n]: position of each row's first query. */
  Tensor starts(int n) {
    return starts.first(n);
  }

  /** I32 [n]: position of each row's token. */
  Tensor positions(int n) {
    return positions.first(n);
  }

  /** I32 [n]: positions each row has, the step's own included. */
  Tensor lengths(int n) {
    return lengths.first(n);
  }

  /** Takes what a chunk of prompts says of its n rows. */
  void set(RaggedChunks chunk, int n) {
    starts.set(chunk.starts, n);
    lengths.set(chunk.lengths, n);
  }

  /** Before a step of one token for each row that has {@code filled} positions; others pad. */
  void set(int[] filled, int bucket) {
    int[] start = new int[bucket];
    int[] position = new int[bucket];
    int[] length = new int[bucket];
    int[] increment = new int[bucket];
    for (int r = 0; r < bucket; r++) {
      boolean padded = r >= filled.length;
      start[r] = padded ? INERT : filled[r];
      position[r] = padded ? 0 : filled[r];
      length[r] = padded ? 0 : filled[r] + 1;
      increment[r] = padded ? 0 : 1;
    }
    starts.set(start, bucket);
    positions.set(position, bucket);
    lengths.set(length, bucket);
    increments.set(increment, bucket);
  }

  /** Lets the device move the rows of a bucket on by a token. */
  void advance(Ops to, int bucket) {
    Tensor by = increments.first(bucket);
    for (DeviceInts moved : List.of(starts, positions, lengths)) {
      to.run(new Op.Add(moved.first(bucket), moved.first(bucket), by));
    }
  }

  /** Takes note that the device did so, for the first n rows. */
  void advanced(int n) {
    starts.increment(n);
    positions.increment(n);
    lengths.increment(n);
  }
}
