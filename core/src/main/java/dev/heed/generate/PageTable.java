package dev.heed.generate;

import java.util.Arrays;

/**
 * Which pages of a paged cache hold which sequence (Kwon et al. 2023): the host's side of a block
 * table. Sequences that continue the same one share its full pages; a page is free again when
 * nobody refers to it.
 *
 * <p>A page that is partly filled belongs to one sequence only, so that each may write on.
 */
final class PageTable {
  /** Told to copy the first rows of one page to another, in all layers. */
  @FunctionalInterface
  interface Copier {
    void copy(int from, int to, int rows);
  }

  private final int pageSize;
  private final int blocks;
  private final int[] references;
  private final int[] free;
  private int freeCount;
  private int[][] pages;
  private int[] filled;
  private int size;

  /**
   * Pages for {@code rows} sequences of up to {@code context} positions, none of them shared.
   *
   * @param pageSize positions of a page
   */
  PageTable(int rows, int context, int pageSize) {
    this.pageSize = pageSize;
    this.blocks = Math.ceilDiv(context, pageSize);
    this.references = new int[Math.multiplyExact(rows, blocks)];
    this.free = new int[references.length];
    this.pages = new int[rows][blocks];
    this.filled = new int[rows];
    clear();
  }

  /** Pages a sequence may have. */
  int blocks() {
    return blocks;
  }

  /** All pages there are. */
  int pages() {
    return references.length;
  }

  /** Pages nobody refers to. */
  int freePages() {
    return freeCount;
  }

  /** Positions filled in a row. */
  int filled(int row) {
    return filled[row];
  }

  /** The page of a row's block. */
  int page(int row, int block) {
    return pages[row][block];
  }

  /** Frees all pages. */
  void clear() {
    Arrays.fill(references, 0);
    freeCount = free.length;
    for (int i = 0; i < freeCount; i++) {
      free[i] = freeCount - 1 - i;
    }
    size = 0;
  }

  /** Begins with so many empty sequences. */
  void begin(int rows) {
    clear();
    size = rows;
    Arrays.fill(filled, 0, rows, 0);
  }

  /** Makes room for more positions of a row, which count as filled from now on. */
  void extend(int row, int positions) {
    int to = filled[row] + positions;
    for (int b = used(row); b * pageSize < to; b++) {
      pages[row][b] = take();
    }
    filled[row] = to;
  }

  /**
   * Replaces the sequences by continuations of them: the new row r continues row {@code
   * parents[r]}. Of several that continue the same one the first keeps its last page, if that is
   * partly filled, and the others get copies; rows that nobody continues are gone.
   */
  void select(int[] parents, Copier copier) {
    int[] children = new int[size];
    for (int parent : parents) {
      children[parent]++;
    }
    for (int row = 0; row < size; row++) {
      if (children[row] == 0) {
        release(row);
      }
    }
    int[][] next = new int[pages.length][];
    int[] nextFilled = new int[pages.length];
    boolean[] inherited = new boolean[size];
    for (int r = 0; r < parents.length; r++) {
      int parent = parents[r];
      nextFilled[r] = filled[parent];
      next[r] = inherited[parent] ? fork(parent, copier) : pages[parent];
      inherited[parent] = true;
    }
    reuseArrays(next, inherited, parents.length);
    pages = next;
    filled = nextFilled;
    size = parents.length;
  }

  private int[] fork(int parent, Copier copier) {
    int[] copy = pages[parent].clone();
    int full = filled[parent] / pageSize;
    for (int b = 0; b < full; b++) {
      references[copy[b]]++;
    }
    int rest = filled[parent] % pageSize;
    if (rest > 0) {
      copy[full] = take();
      copier.copy(pages[parent][full], copy[full], rest);
    }
    return copy;
  }

  /** Rows past the last get the arrays of sequences that are gone. */
  private void reuseArrays(int[][] next, boolean[] inherited, int from) {
    int to = from;
    for (int row = 0; row < pages.length && to < next.length; row++) {
      if (row >= size || !inherited[row]) {
        next[to++] = pages[row];
      }
    }
    while (to < next.length) {
      next[to++] = new int[blocks];
    }
  }

  private void release(int row) {
    for (int b = 0; b < used(row); b++) {
      int page = pages[row][b];
      if (--references[page] == 0) {
        free[freeCount++] = page;
      }
    }
  }

  private int used(int row) {
    return Math.ceilDiv(filled[row], pageSize);
  }

  private int take() {
    int page = free[--freeCount];
    references[page] = 1;
    return page;
  }
}
