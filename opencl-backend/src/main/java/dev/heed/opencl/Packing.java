package dev.heed.opencl;

import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;

/** How packed weights lie, 32 rows together, and the kernels that bring them there and back. */
enum Packing {
  /** For the CPU family, as {@code panels.cl} says: at each k the values of all rows. */
  PANELS(Entry.PACK_PANELS, Entry.PACK_TRANSPOSED, Entry.UNPACK_PANELS),
  /** For the CPU family, as {@code blockfloat.cl} says: F16 and BF16 in fewer digits. */
  BLOCK_FLOAT(Entry.PACK_BLOCK_FLOAT, Entry.PACK_BLOCK_FLOAT_TRANSPOSED, Entry.UNPACK_BLOCK_FLOAT),
  /** For the GPU families, as {@code strips.cl} says: 16 bytes of each row side by side. */
  STRIPS(Entry.PACK_STRIPS, Entry.PACK_STRIPS_TRANSPOSED, Entry.UNPACK_STRIPS);

  /** Rows that lie together. */
  static final int ROWS = Panels.ROWS;

  /** Columns of a group of a strip. */
  private static final int GROUP = 32;

  private final Entry pack;
  private final Entry packTransposed;
  private final Entry unpack;

  Packing(Entry pack, Entry packTransposed, Entry unpack) {
    this.pack = pack;
    this.packTransposed = packTransposed;
    this.unpack = unpack;
  }

  /** What a family's kernels take of a packed layout. */
  static Packing of(Family family, Layout layout) {
    return family != Family.CPU ? STRIPS : layout == Layout.ROUNDED ? BLOCK_FLOAT : PANELS;
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

  /** Of a table, which is never in fewer digits. */
  Entry gather() {
    return this == PANELS ? Entry.GATHER_PANELS : Entry.GATHER_STRIPS;
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
    if (this == BLOCK_FLOAT) {
      return Panels.roundedBytes(k);
    }
    // Blocks take in strips what they take in panels; plain types fill whole groups.
    return this == STRIPS && !type.isBlock()
        ? units(type, k) * GROUP * ROWS * type.blockBytes()
        : Panels.bytes(type, k);
  }

  /** Work-items or, for strips, groups of them that pack 32 rows of {@code k} columns. */
  long units(DType type, long k) {
    if (this == BLOCK_FLOAT) {
      return Panels.roundedBlocks(k);
    }
    return this == STRIPS && !type.isBlock() ? (k + GROUP - 1) / GROUP : Panels.units(type, k);
  }

  /** Work-items that pack 32 rows of {@code k} columns. */
  long items(DType type, long k) {
    return this == STRIPS ? ROWS * units(type, k) : units(type, k);
  }
}
