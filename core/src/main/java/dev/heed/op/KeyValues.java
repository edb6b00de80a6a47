package dev.heed.op;

import dev.heed.tensor.Tensor;

/**
 * Where attention finds its keys and values; KH heads, each serving H / KH consecutive query heads.
 */
public sealed interface KeyValues {
  /** I32 [B]: keys each sequence attends to, those stored in this step included. */
  Tensor lengths();

  /** [.., KH, D]. */
  Tensor keys();

  /** [.., KH, Dv]. */
  Tensor values();

  /**
   * Rows of a batch, one sequence behind the other.
   *
   * @param k [S, KH, D]
   * @param v [S, KH, Dv]
   * @param starts I32 [B]: first row of each sequence in k and v; may repeat (beams share a source)
   * @param lengths I32 [B]
   */
  record Ragged(Tensor k, Tensor v, Tensor starts, Tensor lengths) implements KeyValues {
    @Override
    public Tensor keys() {
      return k;
    }

    @Override
    public Tensor values() {
      return v;
    }
  }

  /**
   * A paged cache: key j of sequence b is row {@code j % pageSize} of page {@code blockTable[b, j /
   * pageSize]}.
   *
   * @param kPages [P, pageSize, KH, D]
   * @param vPages [P, pageSize, KH, Dv]
   * @param blockTable I32 [B, maxBlocks]
   * @param lengths I32 [B]
   */
  record Paged(Tensor kPages, Tensor vPages, Tensor blockTable, Tensor lengths)
      implements KeyValues {
    @Override
    public Tensor keys() {
      return kPages;
    }

    @Override
    public Tensor values() {
      return vPages;
    }
  }
}
