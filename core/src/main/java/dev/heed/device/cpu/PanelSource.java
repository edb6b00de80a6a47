package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;

import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Objects;

/**
 * Products of rows of x and panels of a weight: block types from their quants, others as F32 [k]
 * [panel rows], in place if they are packed so, else made in scratch from packed panels or from
 * row-major [N, K] or [K, N] weights, whose leading dimensions are batches. Packed weights with
 * infinities or NaNs among their F16 numbers are read as rows, exactly.
 */
final class PanelSource {
  /** Most elements of k in a piece; a multiple of every block size. */
  static final int DEPTH = 256;

  private final PanelLayout layout;
  private final RowMath rows;
  private final PanelMath panels;
  private final PanelRows packedRows;
  private DType type;
  private boolean packed;
  private boolean rounded;
  private boolean exact;
  private boolean transposed;
  private long base;
  private long n;
  private long rowStride;
  private long perIndex;
  private long indexStride;
  private long batchStride;
  private long panelBytes;

  PanelSource(PanelMath panels, RowMath rows) {
    this.rows = rows;
    this.panels = panels;
    layout = panels.layout();
    packedRows = new PanelRows(layout);
  }

  /** Scratch of a thread, in bytes. */
  static long scratchBytes(PanelLayout layout) {
    return 4L * DEPTH * (layout.rows() + 2) + PanelMath.SCRATCH;
  }

  PanelSource of(Tensor w, boolean transposeW) {
    Shape s = w.shape();
    type = w.dtype();
    base = Memory.address(w);
    packed = w.layout() == Layout.DEVICE;
    rounded = w.layout() == Layout.ROUNDED;
    transposed = transposeW;
    n = s.dim(transposeW ? -2 : -1);
    long inner = s.dim(-1);
    panelBytes = packed ? layout.bytes(type, inner) : rounded ? BlockFloat.panelBytes(inner) : 0;
    exact = packed && w.buffer() instanceof PackedBuffer p && !p.finite();
    if (exact) {
      packedRows.of(w);
    }
    rowStride = s.rank() == 2 ? w.rowStride() : inner;
    perIndex = 1;
    for (int i = 1; i < s.rank() - 2; i++) {
      perIndex *= s.dim(i);
    }
    indexStride = w.rowStride();
    batchStride = s.dim(-2) * inner;
    return this;
  }

  /** True if the weight's panels can be multiplied as they are. */
  boolean direct() {
    return packed && !exact;
  }

  /** True if products want a {@link BlockOperand}. */
  boolean blocks() {
    return direct() && type.isBlock();
  }

  /** True if products want a {@link BlockFloatOperand}. */
  boolean rounded() {
    return rounded;
  }

  DType type() {
    return type;
  }

  /** c and d = one row of x times two packed panels, see {@link PanelMath#dot}. */
  void dot(long c, long d, long x, long a, long b, int k) {
    panels.dot(type, c, d, x, base + a * panelBytes, base + b * panelBytes, k);
  }

  /** See {@link PanelMath#dotBlocks}. */
  void dot(long c, long d, BlockOperand x, long a, long b, int k, long scratch) {
    panels.dotBlocks(type, c, d, x, base + a * panelBytes, base + b * panelBytes, k, scratch);
  }

  /** c += rows of x from {@code row} on times a piece of a panel of {@link #blocks}. */
  void multiply(long c, BlockOperand x, long row, int m, long panel, int k0, int k, long scratch) {
    long scales = scratch + 4L * DEPTH * layout.rows();
    long at = base + panel * panelBytes + layout.bytes(type, k0);
    panels.expandBlocks(type, scratch, scales, at, k);
    panels.multiplyBlocks(type, c, x, row, m, k0, scratch, scales, k);
  }

  /** The same of 8-bit activations. */
  void multiply(
      long c, RoundedOperand x, long row, int m, long panel, int k0, int k, long scratch) {
    long scales = scratch + 4L * DEPTH * layout.rows();
    long tile = scratch + 2L * DEPTH * layout.rows(); // behind quants of 16 bits
    long at = base + panel * panelBytes + layout.bytes(type, k0);
    panels.expandRounded(type, scratch, scales, at, k);
    panels.multiplyRounded(type, c, x, row, m, k0, scratch, scales, k, tile);
  }

  /** c[panels][rows][panel rows] += rows of x from {@code row} on times panels, by machine code. */
  void multiply(
      DotProducts products,
      long c,
      CodeOperand x,
      long row,
      int m,
      long panel,
      int count,
      long scratch) {
    Objects.checkFromIndexSize(panel, count, layout.panels(n));
    products.multiply(type, c, x, row, m, base + panel * panelBytes, count, scratch);
  }

  /** See {@link PanelMath#dotRounded}. */
  void dot(long c, long d, RoundedOperand x, long a, long b, int k, long scratch) {
    panels.dotRounded(type, c, d, x, base + a * panelBytes, base + b * panelBytes, k, scratch);
  }

  /** Address of elements {@code k0} to {@code k0 + k} of a panel, as F32 [k][panel rows]. */
  long piece(long batch, long panel, long k0, int k, long scratch) {
    if (direct()) {
      long at = base + panel * panelBytes + layout.bytes(type, k0);
      if (type == DType.F32) {
        return at;
      }
      panels.expand(type, scratch, at, k);
      return scratch;
    }
    long start = batch == 0 ? 0 : batch / perIndex * indexStride + batch % perIndex * batchStride;
    long first = panel * layout.rows();
    if (packed || transposed) {
      fromRows(start, first, k0, k, scratch);
    } else {
      fromColumns(start, first, k0, k, scratch);
    }
    return scratch;
  }

  private void fromRows(long start, long first, long k0, int k, long to) {
    int width = layout.rows();
    long row = to + 4L * DEPTH * width;
    for (int r = 0; r < width; r++) {
      long out = to + 4L * r;
      if (first + r >= n) {
        for (int j = 0; j < k; j++) {
          f32(out + 4L * j * width, 0);
        }
        continue;
      }
      long from = rowPiece(start, first + r, k0, k, row);
      for (int j = 0; j < k; j++) {
        f32(out + 4L * j * width, f32(from + 4L * j));
      }
    }
  }

  /** Address of a piece of a row in F32: its own, or scratch. */
  private long rowPiece(long start, long r, long k0, int k, long scratch) {
    long from = base + type.bytes(start + r * rowStride + k0);
    if (packed) {
      from = scratch + 4L * DEPTH;
      packedRows.copy(r, k0, k, from);
    }
    if (type == DType.F32) {
      return from;
    }
    rows.toFloat(type, scratch, from, k);
    return scratch;
  }

  private void fromColumns(long start, long first, long k0, int k, long to) {
    int width = layout.rows();
    int count = (int) Math.min(width, n - first);
    for (int j = 0; j < k; j++) {
      long from = base + type.bytes(start + (k0 + j) * rowStride + first);
      long out = to + 4L * j * width;
      if (type == DType.F32) {
        for (int r = 0; r < count; r++) {
          f32(out + 4L * r, f32(from + 4L * r));
        }
      } else {
        rows.toFloat(type, out, from, count);
      }
      for (int r = count; r < width; r++) {
        f32(out + 4L * r, 0);
      }
    }
  }
}
