package dev.heed.device.cpu;

import dev.heed.tensor.DType;

/**
 * What one thread does with panels (see {@link PanelLayout}); addresses are absolute, {@code
 * panels} in F32 are [k][rows]. Every sum runs over k in ascending order with one fused
 * multiply-add a term. With block types that is the sum over a group of {@link PanelLayout#group}
 * quants, which begins with {@code -middle * total}, {@code total} being the sum of x over the
 * group; then it goes to the output, times the group's scale. Products of totals and minima go
 * there before, for all groups of {@link PanelSource#DEPTH} elements. So an output's bits do not
 * depend on how many rows of x there are.
 */
interface PanelMath {
  /** Minima stand so many bytes after scales: two vectors for each group of 16 elements. */
  int MINIMA = PanelSource.DEPTH / 16 * 2 * 64;

  /** Bytes of the scales and minima of a panel. */
  int SCALES = 2 * MINIMA;

  /** Bytes of scratch that {@link #dotBlocks} wants. */
  int SCRATCH = 2 * SCALES;

  /** Bytes of scratch that {@link #multiplyRounded} wants. */
  int TILE = PanelSource.DEPTH / 16 * 8 * 2 * 64;

  /** How panels lie. */
  PanelLayout layout();

  /**
   * c += x times a panel.
   *
   * @param c F32 [m][panel rows], dense
   * @param x F32 [m][k], rows {@code xStride} bytes apart
   * @param panel F32 [k][panel rows]
   */
  void multiply(long c, long x, long xStride, int m, long panel, int k);

  /**
   * The values of a panel of F16 or BF16 in F32.
   *
   * @param out F32 [k][panel rows]
   * @param panel address of the first element wanted
   */
  void expand(DType type, long out, long panel, int k);

  /**
   * The quants of a panel of a block type in F32, from 0 on, and their scales.
   *
   * @param out F32 [k][panel rows]
   * @param scales gets F32 [groups][panel rows], and the same of minima {@link #MINIMA} bytes later
   * @param panel address of the first block wanted
   * @param k elements, at most {@link PanelSource#DEPTH}; whole blocks
   */
  void expandBlocks(DType type, long out, long scales, long panel, int k);

  /**
   * c += m rows of x times a panel whose scales are finite, given as {@link #expandBlocks} leaves
   * it.
   *
   * @param c F32 [m][panel rows], dense
   * @param x of which rows from {@code row} and elements from {@code k0} on are taken
   */
  void multiplyBlocks(
      DType type, long c, BlockOperand x, long row, int m, int k0, long quants, long scales, int k);

  /**
   * c and d = one row of x times two packed panels of a float type, whose numbers are finite.
   *
   * @param c F32 [panel rows], the product with a
   * @param d F32 [panel rows], the product with b
   * @param x F32 [k]
   * @param a address of a panel
   * @param b address of another panel, or the same one
   */
  void dot(DType type, long c, long d, long x, long a, long b, int k);

  /**
   * The same of a block type.
   *
   * @param x one row, which must be {@link BlockOperand#scalable}
   * @param scratch {@link #SCRATCH} bytes
   */
  void dotBlocks(DType type, long c, long d, BlockOperand x, long a, long b, int k, long scratch);

  /**
   * Sums of a row over groups: {@code (a + b) + (c + d)}, each over every fourth number in order.
   *
   * @param to F32 [groups]
   * @param x F32 [groups * size]
   * @param size a multiple of 4
   */
  void totals(long to, long x, int size, int groups);

  /**
   * The smallest magnitude of numbers other than 0 (a NaN's if there is none) and the largest one,
   * as bits of F32, in the high half and in the low one.
   *
   * @param x F32 [k]
   */
  long range(long x, int k);

  /**
   * x, with every number times a factor: of four the second times 2^-8 more, the third times 2^-16.
   *
   * @param to F32 [k]
   * @param x F32 [k]
   * @param k a multiple of 16
   */
  void scale(long to, long x, int k, float factor);

  /**
   * The quants of a panel of a block type that {@link RoundedOperand#fits}, from 0 on, in 16 bits,
   * and their scales.
   *
   * @param out [k / 2][panel rows] ints: the quants of elements 0 and 2, then of 1 and 3, of each 4
   * @param scales as of {@link #expandBlocks}; minima have {@link RoundedOperand#centre} scales
   *     added
   */
  void expandRounded(DType type, long out, long scales, long panel, int k);

  /**
   * c += m rows of x times a panel, given as {@link #expandRounded} leaves it. The sum over a group
   * is exact; it goes to c times the weight's scale, in one fused multiply-add with the scale of x.
   *
   * @param c F32 [m][panel rows], dense
   * @param x of which rows from {@code row} and elements from {@code k0} on are taken
   * @param scratch {@link #TILE} bytes
   */
  void multiplyRounded(
      DType type,
      long c,
      RoundedOperand x,
      long row,
      int m,
      int k0,
      long quants,
      long scales,
      int k,
      long scratch);

  /**
   * c and d = one row of x times two packed panels, as of {@link #dotBlocks}.
   *
   * @param scratch {@link #SCRATCH} bytes
   */
  void dotRounded(
      DType type, long c, long d, RoundedOperand x, long a, long b, int k, long scratch);

  /**
   * c += bias, one bias for each column.
   *
   * @param c F32 [m][panel rows]
   * @param bias F32 [columns]
   * @param columns at most the panel's rows
   */
  void addBias(long c, int m, long bias, int columns);

  /**
   * out = c + residual.
   *
   * @param out F32 [m][columns], rows {@code outStride} bytes apart
   * @param residual the same with {@code residualStride}, or address 0 for none; may be out
   * @param c F32 [m][panel rows]
   */
  void store(
      long out, long outStride, long residual, long residualStride, long c, int m, int columns);
}
