package dev.heed.generate;

import java.util.Arrays;
import java.util.List;

/**
 * Cuts the prompts of several rows into ragged batches of limited size: row after row, a row that
 * is too long in several pieces.
 */
final class RaggedChunks {
  private final List<int[]> prompts;
  private final int most;
  private int row;
  private int cursor;

  /** Ids of this chunk. */
  final int[] ids;

  /** Position of each token in its row. */
  final int[] positions;

  /** Where the rows lie in the chunk, [B+1]. */
  final int[] offsets;

  /** Position of each row's first token, [B]. */
  final int[] starts;

  /** Positions each row has after this chunk, [B]. */
  final int[] lengths;

  /** Index in the chunk of the last token of each row that ends here. */
  final int[] lasts;

  /** Tokens in the chunk. */
  int tokens;

  /** The first row that ends in the chunk. */
  int firstEnded;

  /** How many rows end in it. */
  int ended;

  /** Most tokens that a row has in the chunk. */
  int maxQueries;

  /**
   * Chunks of {@code prompts}, of which none is empty.
   *
   * @param most tokens in a chunk
   */
  RaggedChunks(List<int[]> prompts, int most) {
    int b = prompts.size();
    this.prompts = prompts;
    this.most = most;
    this.ids = new int[most];
    this.positions = new int[most];
    this.offsets = new int[b + 1];
    this.starts = new int[b];
    this.lengths = new int[b];
    this.lasts = new int[b];
  }

  /** Makes the next chunk; false at the end. */
  boolean next() {
    if (row == prompts.size()) {
      return false;
    }
    System.arraycopy(lengths, 0, starts, 0, starts.length);
    Arrays.fill(offsets, 0, row + 1, 0);
    tokens = 0;
    ended = 0;
    maxQueries = 0;
    firstEnded = row;
    while (row < prompts.size() && tokens < most) {
      int at = row;
      take(prompts.get(row));
      offsets[at + 1] = tokens;
    }
    Arrays.fill(offsets, Math.min(row, prompts.size() - 1) + 1, offsets.length, tokens);
    return true;
  }

  private void take(int[] prompt) {
    int n = Math.min(most - tokens, prompt.length - cursor);
    System.arraycopy(prompt, cursor, ids, tokens, n);
    for (int i = 0; i < n; i++) {
      positions[tokens + i] = cursor + i;
    }
    tokens += n;
    cursor += n;
    lengths[row] = cursor;
    maxQueries = Math.max(maxQueries, n);
    if (cursor == prompt.length) {
      lasts[ended++] = tokens - 1;
      row++;
      cursor = 0;
    }
  }
}
