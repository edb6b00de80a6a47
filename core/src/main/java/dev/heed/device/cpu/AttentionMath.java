package dev.heed.device.cpu;

/**
 * The products of attention over a block of keys and a tile of queries. Scores lie transposed,
 * {@code s[key][query]}, so that a vector holds neighbouring queries: each query's numbers then
 * come about in the same order whatever else is in its tile. Addresses are absolute, elements F32.
 */
interface AttentionMath {
  /** Queries in a vector; a tile's width is one or two of them. */
  int lanes();

  /** Columns of values come in multiples of this. */
  int columns();

  /**
   * {@code s[j][i] = sum over d of k[j][d] q[d][i]}, d from 0 up. Rows of s up to the next multiple
   * of 8 keys are written too.
   *
   * @param kStride bytes between keys
   * @param rows queries that matter, of the width
   */
  void scores(long s, long q, long k, long kStride, int keys, int rows, int width, int size);

  /**
   * The exponents of an online softmax (Milakov and Gimelshein 2018): with n = max(m, s[j][i] over
   * j), s = exp(s - n), and their sum over j; where n is -inf, zeros.
   *
   * @param state four arrays of two vectors: m, another's, n, the sums
   */
  void softmax(long s, long state, int keys, int rows, int width);

  /**
   * {@code o[i][c] += sum over j of p[j][i] v[j][c]}, j from 0 up. Rows of o up to the next
   * multiple of 4 are written too, unless there is one.
   *
   * @param vStride bytes between values
   * @param columns a multiple of {@link #columns}; also the row length of o
   */
  void weigh(long o, long p, long v, long vStride, int keys, int rows, int width, int columns);
}
