package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.i16;
import static dev.heed.device.cpu.Memory.i32;
import static dev.heed.device.cpu.Memory.i64;

import dev.heed.device.HostWeight;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Packs one weight into panels; a task is a panel. */
final class WeightPacker implements Workers.Task {
  /**
   * Elements of k copied at a time: both sides stay in cache, and of each row, of which many share
   * a set of the cache, whole lines are read at once.
   */
  private static final int STEP = 128;

  /** Blocks of a row packed at a time, for the same reason. */
  private static final int BLOCKS = 8;

  private static final int F16_EXPONENT = 0x7c00;
  private static final long F16_EXPONENTS = 0x7c007c007c007c00L;

  /** Carries an exponent of only ones into the sign's place. */
  private static final long F16_LAST_EXPONENT_BITS = 0x0400040004000400L;

  private static final long F16_SIGNS = 0x8000800080008000L;

  private final PanelLayout layout;
  private final HostWeight weight;
  private final DType type;
  private final long n;
  private final long k;
  private final long to;
  private final long panelBytes;
  private final long[] partRows;
  private final long[] partAt;
  private final long zeros;
  private final boolean rounded;
  private volatile boolean finite = true;

  private WeightPacker(
      PanelLayout layout, HostWeight weight, boolean rounded, long to, Arena temporary) {
    this.layout = layout;
    this.weight = weight;
    this.to = to;
    type = weight.dtype();
    n = weight.shape().dim(0);
    k = weight.shape().dim(1);
    this.rounded = rounded;
    panelBytes = rounded ? BlockFloat.panelBytes(k) : layout.bytes(type, k);
    partRows = new long[weight.parts().size() + 1];
    partAt = new long[weight.parts().size()];
    for (int i = 0; i < partAt.length; i++) {
      MemorySegment part = weight.parts().get(i);
      partRows[i + 1] =
          weight.transposed() || k == 0 ? n : partRows[i] + part.byteSize() / rowBytes();
      partAt[i] = (part.isNative() ? part : copy(part, temporary)).address();
    }
    zeros = temporary.allocate(type.blockBytes(), 8).address();
  }

  /**
   * Packs a weight on all threads.
   *
   * @param to gets {@code layout.panels(n) * layout.bytes(type, k)} bytes
   * @return whether all F16 numbers in it are finite
   */
  static boolean pack(PanelLayout layout, HostWeight weight, long to, Workers workers) {
    return pack(layout, weight, false, to, workers);
  }

  /**
   * Packs a weight in block floating point, on all threads.
   *
   * @param to gets {@code layout.panels(n) * BlockFloat.panelBytes(k)} bytes
   */
  static void round(PanelLayout layout, HostWeight weight, long to, Workers workers) {
    pack(layout, weight, true, to, workers);
  }

  private static boolean pack(
      PanelLayout layout, HostWeight weight, boolean rounded, long to, Workers workers) {
    try (Arena temporary = Arena.ofConfined()) {
      WeightPacker packer = new WeightPacker(layout, weight, rounded, to, temporary);
      workers.parallel(Math.toIntExact(layout.panels(packer.n)), packer);
      return packer.finite;
    }
  }

  private static MemorySegment copy(MemorySegment part, Arena arena) {
    return arena.allocate(Math.max(part.byteSize(), 1), 8).copyFrom(part);
  }

  @Override
  public void run(int panel, int worker) {
    long at = to + panel * panelBytes;
    if (rounded) {
      blockFloats((long) panel * layout.rows(), at);
    } else if (type.isBlock()) {
      blocks((long) panel * layout.rows(), at);
    } else {
      plain((long) panel * layout.rows(), at);
    }
  }

  private long rowBytes() {
    return type.bytes(k);
  }

  /** Address of element 0 of a row; elements are {@link #step} bytes apart. */
  private long row(long row) {
    if (weight.transposed()) {
      return partAt[0] + row * type.blockBytes();
    }
    int part = 0;
    while (row >= partRows[part + 1]) {
      part++;
    }
    return partAt[part] + (row - partRows[part]) * rowBytes();
  }

  private long step() {
    return weight.transposed() ? n * type.blockBytes() : type.blockBytes();
  }

  /** Addresses of the rows of a panel; 0 behind the last one. */
  private long[] rows(long first) {
    long[] rows = new long[layout.rows()];
    for (int r = 0; r < rows.length; r++) {
      rows[r] = first + r < n ? row(first + r) : 0;
    }
    return rows;
  }

  private void blockFloats(long first, long at) {
    long[] rows = rows(first);
    long step = step();
    float[] values = new float[BlockFloat.SIZE];
    for (long j = 0; j < k; j += BlockFloat.SIZE) {
      long out = at + j / BlockFloat.SIZE * BlockFloat.PANEL_BLOCK;
      int count = (int) Math.min(BlockFloat.SIZE, k - j);
      for (int r = 0; r < rows.length; r++) {
        for (int i = 0; i < BlockFloat.SIZE; i++) {
          short bits = rows[r] == 0 || i >= count ? 0 : i16(rows[r] + (j + i) * step);
          values[i] = type == DType.F16 ? Float.float16ToFloat(bits) : Quants.bfloat16ToFloat(bits);
        }
        BlockFloat.pack(out, r, values);
      }
    }
  }

  private void plain(long first, long at) {
    long[] rows = rows(first);
    boolean allFinite = true;
    for (long j = 0; j < k; j += STEP) {
      int count = (int) Math.min(STEP, k - j);
      if (type == DType.F32) {
        for (int r = 0; r < rows.length; r++) {
          floats(rows[r], j, at + 4 * (j * rows.length + r), count);
        }
        continue;
      }
      for (int lane = 0; lane < layout.lanes(); lane++) {
        long to = at + 4 * (j * layout.lanes() + lane);
        allFinite &= pairs(rows[lane], rows[lane + layout.lanes()], j, to, count);
      }
    }
    if (type == DType.F16 && !allFinite) {
      finite = false;
    }
  }

  /** Elements of one row from {@code j} on; zeros for row 0. */
  private void floats(long row, long j, long out, int count) {
    long v = 2L * layout.vectorBytes();
    long step = step();
    for (int i = 0; i < count; i++) {
      Memory.i32(out + i * v, row == 0 ? 0 : i32(row + (j + i) * step));
    }
  }

  /** The same of two rows of 16 bits; gives whether all are finite if they are F16. */
  private boolean pairs(long low, long high, long j, long out, int count) {
    if (low != 0 && high != 0 && count % 4 == 0 && !weight.transposed()) {
      return fours(low + 2 * j, high + 2 * j, out, count);
    }
    int v = layout.vectorBytes();
    long step = step();
    int most = 0;
    for (int i = 0; i < count; i++) {
      int a = low == 0 ? 0 : i16(low + (j + i) * step) & 0xffff;
      int b = high == 0 ? 0 : i16(high + (j + i) * step);
      most = Math.max(most, Math.max(a & F16_EXPONENT, b & F16_EXPONENT));
      Memory.i32(out + (long) i * v, a | b << 16);
    }
    return most < F16_EXPONENT;
  }

  /** The same of elements that lie together, four at a time. */
  private boolean fours(long low, long high, long out, int count) {
    long v = layout.vectorBytes();
    long infinite = 0;
    for (int i = 0; i < count; i += 4) {
      long a = i64(low + 2L * i);
      long b = i64(high + 2L * i);
      infinite |= (a & F16_EXPONENTS) + F16_LAST_EXPONENT_BITS;
      infinite |= (b & F16_EXPONENTS) + F16_LAST_EXPONENT_BITS;
      long to = out + i * v;
      Memory.i32(to, (int) (a & 0xffff | b << 16));
      Memory.i32(to + v, (int) (a >>> 16 & 0xffff | b & 0xffff0000L));
      Memory.i32(to + 2 * v, (int) (a >>> 32 & 0xffff | b >>> 16 & 0xffff0000L));
      Memory.i32(to + 3 * v, (int) (a >>> 48 | b >>> 32 & 0xffff0000L));
    }
    return (infinite & F16_SIGNS) == 0;
  }

  private void blocks(long first, long at) {
    long count = k / type.blockSize();
    for (long block = 0; block < count; block += BLOCKS) {
      blocks(first, at, block, Math.min(count, block + BLOCKS), count);
    }
  }

  private void blocks(long first, long at, long from, long end, long count) {
    int v = layout.vectorBytes();
    int size = type.blockBytes();
    for (int lane = 0; lane < layout.lanes(); lane++) {
      long low = first + lane;
      long high = low + layout.lanes();
      long a = low < n ? row(low) : zeros;
      long b = high < n ? row(high) : zeros;
      for (long i = from; i < end; i++) {
        long out = at + PanelLayout.headVector(type, i) * v + 4L * lane;
        long quants = at + PanelLayout.bitVector(type, i, count) * v + 4L * lane;
        long lowBlock = low < n ? a + i * size : a;
        PanelBlocks.pack(type, lowBlock, high < n ? b + i * size : b, out, quants, v);
        checkScales(out, v);
      }
    }
  }

  private void checkScales(long at, int v) {
    for (int i = 0; i < PanelLayout.headVectors(type); i++) {
      int halves = i32(at + (long) i * v);
      if ((halves & F16_EXPONENT) == F16_EXPONENT
          || (halves >>> 16 & F16_EXPONENT) == F16_EXPONENT) {
        finite = false;
      }
    }
  }
}
