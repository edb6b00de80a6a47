package dev.heed.tensor;

/**
 * How the elements of a tensor are stored.
 *
 * <p>The block formats are those of GGUF (ggml's {@code ggml-common.h}): a block holds {@link
 * #blockSize} consecutive elements of a row in {@link #blockBytes} bytes; a row is a whole number
 * of blocks. Every other type has blocks of one element.
 */
public enum DType {
  F32(1, 4),
  F16(1, 2),
  BF16(1, 2),
  I32(1, 4),
  I8(1, 1),
  /** 32 x int8 and an F16 scale. */
  Q8_0(32, 34),
  /** 32 x 4 bits around 8 and an F16 scale. */
  Q4_0(32, 18),
  /** 32 x 4 bits, an F16 scale and an F16 minimum. */
  Q4_1(32, 20),
  /** 32 x 5 bits around 16 and an F16 scale. */
  Q5_0(32, 22),
  /** 32 x 5 bits, an F16 scale and an F16 minimum. */
  Q5_1(32, 24),
  /** 8 groups of 32 x 4 bits; 6-bit group scales and minima under two F16 scales. */
  Q4_K(256, 144),
  /** 8 groups of 32 x 5 bits; 6-bit group scales and minima under two F16 scales. */
  Q5_K(256, 176),
  /** 16 groups of 16 x 6 bits around 32; 8-bit group scales under one F16 scale. */
  Q6_K(256, 210);

  private final int blockSize;
  private final int blockBytes;

  DType(int blockSize, int blockBytes) {
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
  }

  /** Elements in a block: 1 for plain types. */
  public int blockSize() {
    return blockSize;
  }

  /** Bytes of a block: the element size for plain types. */
  public int blockBytes() {
    return blockBytes;
  }

  /** True for the block formats. */
  public boolean isBlock() {
    return blockSize > 1;
  }

  /** True for F16 and BF16. */
  public boolean isHalf() {
    return this == F16 || this == BF16;
  }

  /** True for F32, F16 and BF16. */
  public boolean isFloat() {
    return this == F32 || isHalf();
  }

  /**
   * Bytes of {@code elements} consecutive elements.
   *
   * @throws IllegalArgumentException if they are not a whole number of blocks
   * @throws ArithmeticException if the result does not fit a long
   */
  public long bytes(long elements) {
    if (elements % blockSize != 0) {
      throw new IllegalArgumentException(
          "%s: %d elements are not whole blocks of %d".formatted(this, elements, blockSize));
    }
    return Math.multiplyExact(elements / blockSize, (long) blockBytes);
  }
}
