package dev.heed.device.cpu;

import dev.heed.tensor.DType;

/** Panels of two vectors. Loaded only where {@code jdk.incubator.vector} is. */
final class VectorPanels implements PanelMath {
  private static final PanelLayout LAYOUT = new PanelLayout(VectorMath.LANES);

  /** 16 sums and more want 32 registers; AVX2 and SSE have 16. */
  static final boolean TALL =
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
  public void multiplyBlocks(
      DType type,
      long c,
      BlockOperand x,
      long row,
      int m,
      int k0,
      long quants,
      long scales,
      int k) {
    int size = PanelLayout.group(type);
    int groups = k / size;
    if (PanelLayout.hasMinimum(type)) {
      multiply(c, x.totals(row, k0), x.stride(), m, scales + MINIMA, groups);
    }
    long bytes = 2L * VectorMath.BYTES;
    long from = x.at(row, k0);
    long step = x.xStride();
    long start = x.starts(row, k0);
    long next = x.stride();
    int i = 0;
    for (; TALL && i + 6 <= m; i += 6) {
      VectorBlockTiles.rows6(
          c + i * bytes,
          from + i * step,
          step,
          start + i * next,
          next,
          quants,
          scales,
          groups,
          size);
    }
    for (; i + 4 <= m; i += 4) {
      VectorBlockTiles.rows4(
          c + i * bytes,
          from + i * step,
          step,
          start + i * next,
          next,
          quants,
          scales,
          groups,
          size);
    }
    for (; i + 2 <= m; i += 2) {
      VectorBlockTiles.rows2(
          c + i * bytes,
          from + i * step,
          step,
          start + i * next,
          next,
          quants,
          scales,
          groups,
          size);
    }
    if (i < m) {
      VectorBlockTiles.rows1(
          c + i * bytes, from + i * step, start + i * next, quants, scales, groups, size);
    }
  }

  @Override
  public void expand(DType type, long out, long panel, int k) {
    if (type == DType.F16) {
      VectorExpand.f16(out, panel, k);
    } else {
      VectorExpand.bf16(out, panel, k);
    }
  }

  @Override
  public void expandBlocks(DType type, long out, long scales, long panel, int k) {
    int groups = k / 32;
    VectorScales.expand(type, scales, panel, groups, 1, 1);
    if (PanelLayout.hasMinimum(type)) {
      VectorScales.minima(type, scales + MINIMA, panel, groups);
    }
    long at = panel + PanelLayout.quantVector(type, groups) * (long) VectorMath.BYTES;
    VectorExpand.quants(type, out, at, groups);
  }

  @Override
  public void dot(DType type, long c, long d, long x, long a, long b, int k) {
    switch (type) {
      case F32 -> VectorDots.f32(c, d, x, a, b, k);
      case F16 -> VectorDots.f16(c, d, x, a, b, k);
      default -> VectorDots.bf16(c, d, x, a, b, k);
    }
  }

  @Override
  public void dotBlocks(
      DType type, long c, long d, BlockOperand x, long a, long b, int k, long scratch) {
    VectorBlockDots.dot(type, c, d, x, a, b, k, scratch);
  }

  @Override
  public void totals(long to, long x, int size, int groups) {
    VectorOperand.totals(to, x, size, groups);
  }

  @Override
  public long range(long x, int k) {
    return VectorOperand.range(x, k);
  }

  @Override
  public void scale(long to, long x, int k, float factor) {
    VectorOperand.scale(to, x, k, factor);
  }

  @Override
  public void expandRounded(DType type, long out, long scales, long panel, int k) {
    int groups = k / 32;
    VectorScales.expand(type, scales, panel, groups, 1, 1);
    if (PanelLayout.hasMinimum(type)) {
      VectorRounded.minima(type, scales, panel, groups);
    }
    long at = panel + PanelLayout.quantVector(type, groups) * (long) VectorMath.BYTES;
    VectorRounded.expand(type, out, at, groups);
  }

  @Override
  public void multiplyRounded(
      DType type,
      long c,
      RoundedOperand x,
      long row,
      int m,
      int k0,
      long quants,
      long scales,
      int k,
      long scratch) {
    int size = PanelLayout.group(type);
    if (PanelLayout.hasMinimum(type)) {
      multiply(c, x.totals(row, k0), x.stride(), m, scales + MINIMA, k / size);
    }
    VectorRounded.multiply(size, c, x, row, m, k0, quants, scales, k, scratch);
  }

  @Override
  public void dotRounded(
      DType type, long c, long d, RoundedOperand x, long a, long b, int k, long scratch) {
    VectorRoundedDots.dot(type, c, d, x, a, b, k, scratch);
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
