package dev.heed.nn;

import dev.heed.tensor.Tensor;

/**
 * How the columns of a projection are split into heads (Vaswani et al. 2017, section 3.2.2).
 *
 * @param count H heads of queries
 * @param kvCount KH heads of keys and values, a divisor of H
 * @param dim elements of a head
 */
public record Heads(int count, int kvCount, int dim) {
  /** As many heads of keys and values as of queries. */
  public static Heads of(int count, int dim) {
    return new Heads(count, count, dim);
  }

  /** Columns of all queries, H dim. */
  public long width() {
    return (long) count * dim;
  }

  /** Columns of all keys, and of all values, KH dim. */
  public long kvWidth() {
    return (long) kvCount * dim;
  }

  /** The queries [T, H, dim] of a combined projection [T, (H + 2 KH) dim]: a view. */
  Tensor queries(Tensor qkv) {
    return split(qkv.columns(0, width()));
  }

  /** The keys [T, KH, dim] of a combined projection: a view. */
  Tensor keys(Tensor qkv) {
    return split(qkv.columns(width(), kvWidth()));
  }

  /** The values [T, KH, dim] of a combined projection: a view. */
  Tensor values(Tensor qkv) {
    return split(qkv.columns(width() + kvWidth(), kvWidth()));
  }

  /** [T, n dim] as [T, n, dim]. */
  Tensor split(Tensor x) {
    return x.reshape(x.shape().dim(0), x.shape().dim(1) / dim, dim);
  }

  /** [T, n, dim] as [T, n dim]: the heads behind each other. */
  static Tensor concat(Tensor x) {
    return x.reshape(x.shape().dim(0), x.shape().rowElements());
  }
}
