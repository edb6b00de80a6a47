package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;

import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;

/**
 * Pieces of a weight as F32 [k][panel rows]: in place if it is packed so, else made in scratch from
 * packed panels or from row-major [N, K] or [K, N] weights, whose leading dimensions are batches.
 */
final class PanelSource {
  /** Most elements of k in a piece; a multiple of every block size. */
  static final int DEPTH = 256;

  private final PanelLayout layout;
  private final RowMath rows;
  private final PanelMath fast;
  private final PanelMath exact;
  private PanelMath panels;
  private DType type;
  private boolean packed;
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
    layout = panels.layout();
    fast = panels;
    exact = new ScalarPanels(layout);
  }

  /** Scratch of {@link #piece}, in bytes. */
  static long scratchBytes(PanelLayout layout) {
    return 4L * DEPTH * (layout.rows() + 1) + PanelMath.SCRATCH;
  }

  PanelSource of(Tensor w, boolean transposeW) {
    Shape s = w.shape();
    type = w.dtype();
    base = Memory.address(w);
    packed = w.layout() == Layout.DEVICE;
    transposed = transposeW;
    n = s.dim(transposeW ? -2 : -1);
    long inner = s.dim(-1);
    panelBytes = packed ? layout.bytes(type, inner) : 0;
    panels = packed && w.buffer() instanceof PackedBuffer p && !p.finite() ? exact : fast;
    rowStride = s.rank() == 2 ? w.rowStride() : inner;
    perIndex = 1;
    for (int i = 1; i < s.rank() - 2; i++) {
      perIndex *= s.dim(i);
    }
    indexStride = w.rowStride();
    batchStride = s.dim(-2) * inner;
    return this;
  }

  /** True for the device's own layout. */
  boolean packed() {
    return packed;
  }

  /** One row of x times two packed panels, see {@link PanelMath#dot}. */
  void dot(long c, long d, long x, long a, long b, int k, long scratch) {
    panels.dot(type, c, d, x, base + a * panelBytes, base + b * panelBytes, k, scratch);
  }

  /** Address of elements {@code k0} to {@code k0 + k} of a panel, as F32 [k][panel rows]. */
  long piece(long batch, long panel, long k0, int k, long scratch) {
    if (packed) {
      long at = base + panel * panelBytes + layout.bytes(type, k0);
      if (type == DType.F32) {
        return at;
      }
      panels.expand(type, scratch, at, k, scratch + 4L * DEPTH * layout.rows());
      return scratch;
    }
    long start = batch == 0 ? 0 : batch / perIndex * indexStride + batch % perIndex * batchStride;
    long first = panel * layout.rows();
    if (transposed) {
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
      long from = base + type.bytes(start + (first + r) * rowStride + k0);
      if (type != DType.F32) {
        rows.toFloat(type, row, from, k);
        from = row;
      }
      for (int j = 0; j < k; j++) {
        f32(out + 4L * j * width, f32(from + 4L * j));
      }
    }
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
