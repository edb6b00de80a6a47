package dev.heed.tck.cases;

import dev.heed.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** The types that cases go through. */
final class Types {
  /** Everything a weight may be stored in. */
  static final List<DType> WEIGHTS =
      Arrays.stream(DType.values()).filter(t -> t != DType.I32 && t != DType.I8).toList();

  static final List<DType> BLOCKS = WEIGHTS.stream().filter(DType::isBlock).toList();

  static final List<DType> FLOATS = List.of(DType.F32, DType.F16, DType.BF16);

  private Types() {}

  /** The 16-bit types a device calculates in. */
  static List<DType> halves(Set<DType> computeTypes) {
    return FLOATS.stream().filter(t -> t != DType.F32 && computeTypes.contains(t)).toList();
  }

  /** The next multiple of the type's block. */
  static long blocks(DType type, long elements) {
    long size = type.blockSize();
    return (elements + size - 1) / size * size;
  }
}
