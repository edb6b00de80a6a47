package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i16;
import static dev.heed.device.cpu.Memory.i32;

import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import java.lang.foreign.Arena;
import java.util.Arrays;

/** Plain loops: for JVMs without the Vector API, and until its kernels are compiled. */
final class ScalarPanels implements PanelMath {
  private final PanelLayout layout;
  private final RowMath rows = new ScalarRows(16);

  ScalarPanels(PanelLayout layout) {
    this.layout = layout;
  }

  @Override
  public PanelLayout layout() {
    return layout;
  }

  @Override
  public void multiply(long c, long x, long xStride, int m, long panel, int k) {
    int width = layout.rows();
    float[] sum = new float[width];
    for (int i = 0; i < m; i++) {
      long at = c + 4L * i * width;
      for (int r = 0; r < width; r++) {
        sum[r] = f32(at + 4 * r);
      }
      addProducts(sum, x + i * xStride, panel, k);
      for (int r = 0; r < width; r++) {
        f32(at + 4 * r, sum[r]);
      }
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
    int width = layout.rows();
    int size = PanelLayout.group(type);
    float[] sum = new float[width];
    if (PanelLayout.hasMinimum(type)) {
      multiply(c, x.totals(row, k0), x.stride(), m, scales + MINIMA, k / size);
    }
    for (int i = 0; i < m; i++) {
      long at = c + 4L * i * width;
      for (int j = 0; j < k; j += size) {
        Arrays.fill(sum, f32(x.starts(row + i, k0 + j)));
        addProducts(sum, x.at(row + i, k0 + j), quants + 4L * j * width, size);
        long s = scales + 4L * (j / size) * width;
        for (int r = 0; r < width; r++) {
          f32(at + 4 * r, Math.fma(sum[r], f32(s + 4 * r), f32(at + 4 * r)));
        }
      }
    }
  }

  /** sum[r] += x[j] * w[j][r] for each j in turn. */
  private static void addProducts(float[] sum, long x, long w, int k) {
    for (int j = 0; j < k; j++) {
      float a = f32(x + 4L * j);
      long row = w + 4L * j * sum.length;
      for (int r = 0; r < sum.length; r++) {
        sum[r] = Math.fma(a, f32(row + 4 * r), sum[r]);
      }
    }
  }

  @Override
  public void expand(DType type, long out, long panel, int k) {
    int v = layout.vectorBytes();
    for (int j = 0; j < k; j++) {
      for (int lane = 0; lane < layout.lanes(); lane++) {
        for (int high = 0; high < 2; high++) {
          short bits = Memory.i16(panel + (long) j * v + 4 * lane + 2 * high);
          float w = type == DType.F16 ? Float.float16ToFloat(bits) : Quants.bfloat16ToFloat(bits);
          f32(out + (2L * j + high) * v + 4 * lane, w);
        }
      }
    }
  }

  @Override
  public void expandBlocks(DType type, long out, long scales, long panel, int k) {
    new ScalarBlocks(layout, type).expand(out, scales, panel, k);
  }

  @Override
  public void dot(DType type, long c, long d, long x, long a, long b, int k) {
    if (type == DType.F32) {
      Memory.zero(c, 4L * layout.rows());
      Memory.zero(d, 4L * layout.rows());
      multiply(c, x, 0, 1, a, k);
      multiply(d, x, 0, 1, b, k);
      return;
    }
    pieces(
        c,
        d,
        a,
        b,
        k,
        (to, panel, weights, j, depth) -> {
          expand(type, weights, panel + layout.bytes(type, j), depth);
          multiply(to, x + 4L * j, 0, 1, weights, depth);
        });
  }

  @Override
  public void dotBlocks(
      DType type, long c, long d, BlockOperand x, long a, long b, int k, long scratch) {
    pieces(
        c,
        d,
        a,
        b,
        k,
        (to, panel, quants, j, depth) -> {
          expandBlocks(type, quants, scratch, panel + layout.bytes(type, j), depth);
          multiplyBlocks(type, to, x, 0, 1, j, quants, scratch, depth);
        });
  }

  /** A piece of a row's product with a panel. */
  private interface Piece {
    void add(long to, long panel, long weights, int from, int depth);
  }

  /** c and d = the sums of a's and b's pieces of {@link PanelSource#DEPTH}. */
  private void pieces(long c, long d, long a, long b, int k, Piece piece) {
    long width = 4L * layout.rows();
    Memory.zero(c, width);
    Memory.zero(d, width);
    try (Arena arena = Arena.ofConfined()) {
      long quants = arena.allocate(PanelSource.DEPTH * width, 64).address();
      for (int j = 0; j < k; j += PanelSource.DEPTH) {
        int depth = Math.min(PanelSource.DEPTH, k - j);
        piece.add(c, a, quants, j, depth);
        piece.add(d, b, quants, j, depth);
      }
    }
  }

  @Override
  public void totals(long to, long x, int size, int groups) {
    for (int g = 0; g < groups; g++) {
      float[] sums = new float[4];
      for (int i = 0; i < size; i++) {
        sums[i % 4] += f32(x + 4L * (g * size + i));
      }
      f32(to + 4L * g, (sums[0] + sums[1]) + (sums[2] + sums[3]));
    }
  }

  @Override
  public long range(long x, int k) {
    int least = Integer.MAX_VALUE;
    int most = 0;
    for (long i = 0; i < 4L * k; i += 4) {
      int bits = Memory.i32(x + i) & Integer.MAX_VALUE;
      least = bits == 0 ? least : Math.min(least, bits);
      most = Math.max(most, bits);
    }
    return (long) least << 32 | most;
  }

  @Override
  public void scale(long to, long x, int k, float factor) {
    float[] factors = {factor, factor * 0x1p-8f, factor * 0x1p-16f, factor};
    for (int i = 0; i < k; i++) {
      f32(to + 4L * i, f32(x + 4L * i) * factors[i % 4]);
    }
  }

  @Override
  public void expandRounded(DType type, long out, long scales, long panel, int k) {
    new ScalarBlocks(layout, type).expandRounded(out, scales, panel, k);
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
    int width = layout.rows();
    int size = PanelLayout.group(type);
    int[] sum = new int[width];
    if (PanelLayout.hasMinimum(type)) {
      multiply(c, x.totals(row, k0), x.stride(), m, scales + MINIMA, k / size);
    }
    for (int i = 0; i < m; i++) {
      long at = c + 4L * i * width;
      for (int j = 0; j < k; j += size) {
        int start = i32(x.starts(row + i, k0 + j));
        Arrays.fill(sum, (short) start + (start >> 16));
        addPairs(sum, x.pairs(row + i, k0 + j), quants + 2L * j * width, size / 2);
        long s = scales + 4L * (j / size) * width;
        float d = f32(x.factors(row + i, k0 + j));
        for (int r = 0; r < width; r++) {
          f32(at + 4 * r, Math.fma(sum[r] * f32(s + 4 * r), d, f32(at + 4 * r)));
        }
      }
    }
  }

  /** sum[r] += both products of a pair of x and a pair of w, for each in turn. */
  private static void addPairs(int[] sum, long x, long w, int pairs) {
    for (int j = 0; j < pairs; j++) {
      int low = i16(x + 4L * j);
      int high = i16(x + 4L * j + 2);
      long row = w + 4L * j * sum.length;
      for (int r = 0; r < sum.length; r++) {
        int q = i32(row + 4 * r);
        sum[r] += low * (q & 0xffff) + high * (q >>> 16);
      }
    }
  }

  @Override
  public void dotRounded(
      DType type, long c, long d, RoundedOperand x, long a, long b, int k, long scratch) {
    pieces(
        c,
        d,
        a,
        b,
        k,
        (to, panel, quants, j, depth) -> {
          expandRounded(type, quants, scratch, panel + layout.bytes(type, j), depth);
          multiplyRounded(type, to, x, 0, 1, j, quants, scratch, depth, 0);
        });
  }

  @Override
  public void addBias(long c, int m, long bias, int columns) {
    for (int i = 0; i < m; i++) {
      rows.add(c + 4L * i * layout.rows(), c + 4L * i * layout.rows(), bias, columns);
    }
  }

  @Override
  public void store(
      long out, long outStride, long residual, long residualStride, long c, int m, int columns) {
    for (int i = 0; i < m; i++) {
      long at = c + 4L * i * layout.rows();
      if (residual == 0) {
        Memory.copy(out + i * outStride, at, 4L * columns);
      } else {
        rows.add(out + i * outStride, at, residual + i * residualStride, columns);
      }
    }
  }
}
