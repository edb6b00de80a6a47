package dev.heed.device.cpu;

import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Reads rows of packed weights back in their logical order. */
final class PanelRows {
  private final PanelLayout layout;
  private DType type;
  private long base;
  private long n;
  private long k;
  private boolean rounded;
  private long panelBytes;

  PanelRows(PanelLayout layout) {
    this.layout = layout;
  }

  PanelRows of(Tensor packed) {
    type = packed.dtype();
    base = packed.buffer().handle().address();
    n = packed.shape().dim(0);
    k = packed.shape().dim(1);
    rounded = packed.layout() == Layout.ROUNDED;
    panelBytes = rounded ? BlockFloat.panelBytes(k) : layout.bytes(type, k);
    return this;
  }

  /** Elements {@code from} to {@code from + count} of a row in its own type; whole blocks. */
  void copy(long row, long from, long count, long to) {
    long start = base + row / layout.rows() * panelBytes;
    long panel = start + layout.bytes(type, from);
    int r = (int) (row % layout.rows());
    int high = r / layout.lanes();
    long lane = 4L * (r % layout.lanes());
    int v = layout.vectorBytes();
    switch (type) {
      case F32 -> {
        for (long i = 0; i < count; i++) {
          Memory.i32(to + 4 * i, Memory.i32(panel + (2 * i + high) * v + lane));
        }
      }
      case F16, BF16 -> {
        for (long i = 0; i < count; i++) {
          Memory.i16(to + 2 * i, Memory.i16(panel + i * v + lane + 2 * high));
        }
      }
      default -> {
        long blocks = k / type.blockSize();
        for (long i = 0; i < count / type.blockSize(); i++) {
          long block = from / type.blockSize() + i;
          long head = start + PanelLayout.headVector(type, block) * v + lane;
          long quants = start + PanelLayout.bitVector(type, block, blocks) * v + lane;
          PanelBlocks.unpack(type, head, quants, v, high, to + i * type.blockBytes());
        }
      }
    }
  }

  /**
   * All rows in their own type, dense.
   *
   * @param host of just their size
   */
  void download(MemorySegment host) {
    long bytes = type.bytes(k);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment row = arena.allocate(Math.max(bytes, 1), 8);
      for (long i = 0; i < n; i++) {
        if (rounded) {
          unround(i, row.address());
        } else {
          copy(i, 0, k, row.address());
        }
        MemorySegment.copy(row, 0, host, i * bytes, bytes);
      }
    }
  }

  /** A row of {@link BlockFloat} in its own type. */
  private void unround(long row, long to) {
    long block = base + row / layout.rows() * panelBytes;
    for (long j = 0; j < k; j += BlockFloat.SIZE, block += BlockFloat.PANEL_BLOCK) {
      int count = (int) Math.min(BlockFloat.SIZE, k - j);
      BlockFloat.unpack(type, block, (int) (row % layout.rows()), count, to + 2 * j);
    }
  }

  /**
   * A row in F32.
   *
   * @param scratch 1024 bytes
   */
  void toFloat(long row, long out, RowMath math, long scratch) {
    if (type == DType.F32) {
      copy(row, 0, k, out);
      return;
    }
    for (long j = 0; j < k; j += 256) {
      long count = Math.min(256, k - j);
      copy(row, j, count, scratch);
      math.toFloat(type, out + 4 * j, scratch, count);
    }
  }
}
