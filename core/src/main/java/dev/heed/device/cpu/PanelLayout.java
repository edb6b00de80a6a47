package dev.heed.device.cpu;

import dev.heed.tensor.DType;

/**
 * How packed weights lie in memory. A panel holds {@code 2 * lanes} rows of a weight [N, K] with k
 * running inside, so that at each k the values of all its rows lie together, as two vectors: row
 * {@code i} is lane {@code i} of the low vector, row {@code i + lanes} lane {@code i} of the high
 * one. The last panel is padded with zero rows.
 *
 * <ul>
 *   <li>F32: for each k both vectors.
 *   <li>F16, BF16: for each k one vector of ints; the low row in the low half, the high row in the
 *       high half.
 *   <li>Block types: the blocks of a panel follow each other; see {@link PanelBlocks}.
 * </ul>
 *
 * @param lanes F32 lanes of a vector
 */
record PanelLayout(int lanes) {
  /** Rows of a panel. */
  int rows() {
    return 2 * lanes;
  }

  /** Bytes of a vector of ints or floats. */
  int vectorBytes() {
    return 4 * lanes;
  }

  /** Panels that {@code n} rows make. */
  long panels(long n) {
    return (n + rows() - 1) / rows();
  }

  /** Bytes of {@code k} elements of all rows of a panel; whole blocks for block types. */
  long bytes(DType type, long k) {
    return k / type.blockSize() * vectors(type) * vectorBytes();
  }

  /** Vectors that one block of every row of a panel takes; a plain type's block is one element. */
  static int vectors(DType type) {
    return switch (type) {
      case F32 -> 2;
      case F16, BF16 -> 1;
      default ->
          headVectors(type) + type.blockSize() / 32 * (scaleVectors(type) + bitVectors(type));
    };
  }

  /** Vectors of scales (and minima) that a block begins with. */
  static int headVectors(DType type) {
    return switch (type) {
      case Q8_0, Q4_0, Q5_0, Q6_K -> 1;
      case Q4_1, Q5_1, Q4_K, Q5_K -> 2;
      default -> throw new IllegalArgumentException("no blocks of " + type);
    };
  }

  /** Vectors of scales for each group of 32 in a larger block. */
  static int scaleVectors(DType type) {
    return type.blockSize() > 32 ? 1 : 0;
  }

  /** Vectors of quants in each group of 32. */
  static int bitVectors(DType type) {
    return switch (type) {
      case Q4_0, Q4_1, Q4_K -> 8;
      case Q5_0, Q5_1, Q5_K -> 2 + 8;
      case Q6_K -> 4 + 8;
      case Q8_0 -> 16;
      default -> throw new IllegalArgumentException("no blocks of " + type);
    };
  }

  /** Elements of k that share a scale in a block type. */
  static int group(DType type) {
    return type == DType.Q6_K ? 16 : 32;
  }

  /** The quant that stands for zero; 0 for types with a minimum of their own. */
  static int middle(DType type) {
    return switch (type) {
      case Q4_0 -> 8;
      case Q5_0 -> 16;
      case Q6_K -> 32;
      case Q8_0 -> 128;
      case Q4_1, Q5_1, Q4_K, Q5_K -> 0;
      default -> throw new IllegalArgumentException("no blocks of " + type);
    };
  }

  /** Whether a group has a minimum beside its scale. */
  static boolean hasMinimum(DType type) {
    return middle(type) == 0;
  }

  /** Where the scales of a block begin, in vectors from the panel's start. */
  static long headVector(DType type, long block) {
    if (type.blockSize() > 32) {
      return block * vectors(type);
    }
    return block / 8 * 8 * vectors(type) + block % 8 * headVectors(type);
  }

  /**
   * Where the quants of a block begin, in vectors from the panel's start.
   *
   * @param blocks of a row, in all
   */
  static long bitVector(DType type, long block, long blocks) {
    if (type.blockSize() > 32) {
      return block * vectors(type) + quantVector(type, 8);
    }
    long chunk = block / 8 * 8;
    int groups = (int) Math.min(8, blocks - chunk);
    return chunk * vectors(type) + quantVector(type, groups) + block % 8 * bitVectors(type);
  }

  /** Vectors of scales before the quants of a chunk of so many groups of 32. */
  static int quantVector(DType type, int groups) {
    return type.blockSize() > 32
        ? headVectors(type) + groups * scaleVectors(type)
        : groups * headVectors(type);
  }
}
