package dev.heed.device.cpu;

import dev.heed.tensor.DType;

/**
 * What one thread does with panels (see {@link PanelLayout}); addresses are absolute, {@code
 * panels} in F32 are [k][rows]. Every sum runs over k in ascending order with one fused
 * multiply-add a term, so that an output's bits do not depend on how many rows of x there are.
 */
interface PanelMath {
  /** Bytes of scratch that {@link #expand} and {@link #dot} want. */
  int SCRATCH = 2 * 8 * 8 * 64;

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
   * The values of a panel in F32, as {@link dev.heed.tensor.Quants} rounds them.
   *
   * @param out F32 [k][panel rows]
   * @param panel address of the first element (block) wanted
   * @param k elements; whole blocks
   * @param scratch {@link #SCRATCH} bytes
   */
  void expand(DType type, long out, long panel, int k, long scratch);

  /**
   * c and d = one row of x times two packed panels, whose numbers are finite.
   *
   * @param c F32 [panel rows], the product with a
   * @param d F32 [panel rows], the product with b
   * @param x F32 [k]
   * @param a address of a panel
   * @param b address of another panel, or the same one
   * @param scratch {@link #SCRATCH} bytes
   */
  void dot(DType type, long c, long d, long x, long a, long b, int k, long scratch);

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
