package dev.heed.device.cpu;

/** Rows of x in F32 as products of {@link BlockFloat} read them: blocks behind each other. */
final class BlockFloatOperand extends BlockRows implements CodeOperand {
  private long memory;

  /** Bytes of so many rows. */
  static long bytes(long rows, long k) {
    return rows * BlockFloat.blocks(k) * BlockFloat.RECORD;
  }

  /**
   * Takes rows of x; {@link #compute} does the work.
   *
   * @param rows in F32
   * @param to gets {@link #bytes}
   */
  BlockFloatOperand of(View rows, long to) {
    blocks = rows;
    memory = to;
    return this;
  }

  @Override
  void read(long row, long from) {
    long to = at(row);
    for (long k = 0; k < blocks.length; k += BlockFloat.SIZE, to += BlockFloat.RECORD) {
      BlockFloat.round(to, from + 4 * k, (int) Math.min(BlockFloat.SIZE, blocks.length - k));
    }
  }

  @Override
  public long rows() {
    return blocks.count;
  }

  @Override
  public int groups() {
    return Math.toIntExact(BlockFloat.blocks(blocks.length));
  }

  @Override
  public long at(long row) {
    return memory + row * stride();
  }

  @Override
  public long stride() {
    return (long) groups() * BlockFloat.RECORD;
  }
}
