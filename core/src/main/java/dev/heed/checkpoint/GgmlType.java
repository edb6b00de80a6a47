package dev.heed.checkpoint;

import dev.heed.tensor.DType;
import java.util.Optional;

/**
 * The tensor types of GGUF by their number in the file ({@code enum ggml_type}), with their block
 * sizes: also of those Heed does not compute with, since offsets can only be checked with all.
 */
enum GgmlType {
  F32(0, DType.F32),
  F16(1, DType.F16),
  Q4_0(2, DType.Q4_0),
  Q4_1(3, DType.Q4_1),
  Q5_0(6, DType.Q5_0),
  Q5_1(7, DType.Q5_1),
  Q8_0(8, DType.Q8_0),
  Q8_1(9, 32, 36),
  Q2_K(10, 256, 84),
  Q3_K(11, 256, 110),
  Q4_K(12, DType.Q4_K),
  Q5_K(13, DType.Q5_K),
  Q6_K(14, DType.Q6_K),
  Q8_K(15, 256, 292),
  IQ2_XXS(16, 256, 66),
  IQ2_XS(17, 256, 74),
  IQ3_XXS(18, 256, 98),
  IQ1_S(19, 256, 50),
  IQ4_NL(20, 32, 18),
  IQ3_S(21, 256, 110),
  IQ2_S(22, 256, 82),
  IQ4_XS(23, 256, 136),
  I8(24, DType.I8),
  I16(25, 1, 2),
  I32(26, DType.I32),
  I64(27, 1, 8),
  F64(28, 1, 8),
  IQ1_M(29, 256, 56),
  BF16(30, DType.BF16),
  TQ1_0(34, 256, 54),
  TQ2_0(35, 256, 66),
  MXFP4(39, 32, 17),
  NVFP4(40, 64, 36);

  private static final GgmlType[] BY_ID = new GgmlType[41];

  static {
    for (GgmlType type : values()) {
      BY_ID[type.id] = type;
    }
  }

  private final int id;
  private final Optional<DType> dtype;
  final int blockSize;
  final int blockBytes;

  GgmlType(int id, DType dtype) {
    this.id = id;
    this.dtype = Optional.of(dtype);
    this.blockSize = dtype.blockSize();
    this.blockBytes = dtype.blockBytes();
  }

  GgmlType(int id, int blockSize, int blockBytes) {
    this.id = id;
    this.dtype = Optional.empty();
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
  }

  /** Empty for numbers never given out, or withdrawn (4, 5, 31 to 33, 36 to 38). */
  static Optional<GgmlType> of(int id) {
    return id < 0 || id >= BY_ID.length ? Optional.empty() : Optional.ofNullable(BY_ID[id]);
  }

  /** Number in the file. */
  int id() {
    return id;
  }

  /** Heed's type, where it computes with this one. */
  Optional<DType> dtype() {
    return dtype;
  }
}
