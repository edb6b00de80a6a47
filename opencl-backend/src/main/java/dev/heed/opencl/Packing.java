package dev.heed.opencl;

import dev.heed.tensor.DType;

/** How packed weights lie, 32 rows together, and the kernels that bring them there and back. */
enum Packing {
  /** For the CPU family, as {@code panels.cl} says: at each k the values of all rows. */
  PANELS(Entry.PACK_PANELS, Entry.PACK_TRANSPOSED, Entry.UNPACK_PANELS, Entry.GATHER_PANELS),
  /** For the GPU families, as {@code strips.cl} says: 16 bytes of each row side by side. */
  STRIPS(Entry.PACK_STRIPS, Entry.PACK_STRIPS_TRANSPOSED, Entry.UNPACK_STRIPS, Entry.GATHER_STRIPS);

  /** Rows that lie together. */
  static final int ROWS = Panels.ROWS;

  /** Columns of a group of a strip. */
  private static final int GROUP = 32;

  private final Entry pack;
  private final Entry packTransposed;
  private final Entry unpack;
  private final Entry gather;

  Packing(Entry pack, Entry packTransposed, Entry unpack, Entry gather) {
    this.pack = pack;
    this.packTransposed = packTransposed;
    this.unpack = unpack;
    this.gather = gather;
  }

  /** What a family's kernels take. */
  static Packing of(Family family) {
    return family == Family.CPU ? PANELS : STRIPS;
  }

  Entry pack() {
    return pack;
  }

  /** Of [K, N]. */
  Entry packTransposed() {
    return packTransposed;
  }

  Entry unpack() {
    return unpack;
  }

  Entry gather() {
    return gather;
  }

  /** Work-items that gather a row of {@code k} columns. */
  long gatherItems(DType type, long k) {
    if (this == PANELS) {
      return (k + GROUP - 1) / GROUP;
    }
    int perItem = type.isBlock() ? type == DType.Q8_0 ? 16 : GROUP : 16 / type.blockBytes();
    return (k + perItem - 1) / perItem;
  }

  /** Bytes of 32 rows of {@code k} columns. */
  long bytes(DType type, long k) {
    // Blocks take in strips what they take in panels; plain types fill whole groups.
    return this == STRIPS && !type.isBlock()
        ? units(type, k) * GROUP * ROWS * type.blockBytes()
        : Panels.bytes(type, k);
  }

  /** Work-items or, for strips, groups of them that pack 32 rows of {@code k} columns. */
  long units(DType type, long k) {
    return this == STRIPS && !type.isBlock() ? (k + GROUP - 1) / GROUP : Panels.units(type, k);
  }

  /** Work-items that pack 32 rows of {@code k} columns. */
  long items(DType type, long k) {
    return this == STRIPS ? ROWS * units(type, k) : units(type, k);
  }
}
