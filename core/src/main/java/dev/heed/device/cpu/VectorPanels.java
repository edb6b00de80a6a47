package dev.heed.device.cpu;

import dev.heed.tensor.DType;

/** Panels of two vectors. Loaded only where {@code jdk.incubator.vector} is. */
final class VectorPanels implements PanelMath {
  private static final PanelLayout LAYOUT = new PanelLayout(VectorMath.LANES);

  /** 16 sums and more want 32 registers; AVX2 and SSE have 16. */
  private static final boolean TALL =
      VectorMath.LANES == 16 || System.getProperty("os.arch", "").equals("aarch64");

  /** For the last panel's fewer columns. */
  private final PanelMath partial = new ScalarPanels(LAYOUT);

  @Override
  public PanelLayout layout() {
    return LAYOUT;
  }

  @Override
  public void multiply(long c, long x, long xStride, int m, long panel, int k) {
    long row = 2L * VectorMath.BYTES;
    int i = 0;
    for (; TALL && i + 8 <= m; i += 8) {
      VectorTiles.rows8(c + i * row, x + i * xStride, xStride, panel, k);
    }
    for (; i + 4 <= m; i += 4) {
      VectorTiles.rows4(c + i * row, x + i * xStride, xStride, panel, k);
    }
    for (; i + 2 <= m; i += 2) {
      VectorTiles.rows2(c + i * row, x + i * xStride, xStride, panel, k);
    }
    if (i < m) {
      VectorTiles.rows1(c + i * row, x + i * xStride, panel, k);
    }
  }

  @Override
  public void expand(DType type, long out, long panel, int k, long scratch) {
    switch (type) {
      case F16 -> VectorExpand.f16(out, panel, k);
      case BF16 -> VectorExpand.bf16(out, panel, k);
      default -> VectorExpand.blocks(type, out, panel, k, scratch);
    }
  }

  @Override
  public void dot(DType type, long c, long d, long x, long a, long b, int k, long scratch) {
    switch (type) {
      case F32 -> VectorDots.f32(c, d, x, a, b, k);
      case F16 -> VectorDots.f16(c, d, x, a, b, k);
      case BF16 -> VectorDots.bf16(c, d, x, a, b, k);
      default -> VectorBlockDots.dot(type, c, d, x, a, b, k, scratch);
    }
  }

  @Override
  public void addBias(long c, int m, long bias, int columns) {
    if (columns == LAYOUT.rows()) {
      VectorStore.addBias(c, m, bias);
    } else {
      partial.addBias(c, m, bias, columns);
    }
  }

  @Override
  public void store(
      long out, long outStride, long residual, long residualStride, long c, int m, int columns) {
    if (columns < LAYOUT.rows()) {
      partial.store(out, outStride, residual, residualStride, c, m, columns);
    } else if (residual == 0) {
      VectorStore.store(out, outStride, c, m);
    } else {
      VectorStore.add(out, outStride, residual, residualStride, c, m);
    }
  }
}
