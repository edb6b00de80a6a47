package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;

import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;
import java.lang.foreign.Arena;

/** Plain loops: for JVMs without the Vector API, and for weights with infinities or NaNs. */
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
      for (int j = 0; j < k; j++) {
        float a = f32(x + i * xStride + 4L * j);
        long w = panel + 4L * j * width;
        for (int r = 0; r < width; r++) {
          sum[r] = Math.fma(a, f32(w + 4 * r), sum[r]);
        }
      }
      for (int r = 0; r < width; r++) {
        f32(at + 4 * r, sum[r]);
      }
    }
  }

  @Override
  public void expand(DType type, long out, long panel, int k, long scratch) {
    int v = layout.vectorBytes();
    if (type.isBlock()) {
      blocks(type, out, panel, k);
      return;
    }
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

  private void blocks(DType type, long out, long panel, int k) {
    int v = layout.vectorBytes();
    int size = type.blockSize();
    int count = k / size;
    try (Arena arena = Arena.ofConfined()) {
      long block = arena.allocate(type.blockBytes(), 8).address();
      long values = arena.allocate(4L * size, 8).address();
      for (int j = 0; j < k; j += size) {
        for (int row = 0; row < layout.rows(); row++) {
          int high = row / layout.lanes();
          long lane = 4L * (row % layout.lanes());
          long head = panel + PanelLayout.headVector(type, j / size) * v + lane;
          long quants = panel + PanelLayout.bitVector(type, j / size, count) * v + lane;
          PanelBlocks.unpack(type, head, quants, v, high, block);
          rows.toFloat(type, values, block, size);
          for (int i = 0; i < size; i++) {
            f32(out + (2L * (j + i) + high) * v + lane, f32(values + 4L * i));
          }
        }
      }
    }
  }

  @Override
  public void dot(DType type, long c, long d, long x, long a, long b, int k, long scratch) {
    long half = 4L * layout.rows();
    Memory.zero(c, half);
    Memory.zero(d, half);
    try (Arena arena = Arena.ofConfined()) {
      long piece = arena.allocate(PanelSource.DEPTH * half, 64).address();
      for (int j = 0; j < k; j += PanelSource.DEPTH) {
        int depth = Math.min(PanelSource.DEPTH, k - j);
        for (int i = 0; i < 2; i++) {
          long panel = (i == 0 ? a : b) + layout.bytes(type, j);
          if (type != DType.F32) {
            expand(type, piece, panel, depth, scratch);
            panel = piece;
          }
          multiply(i == 0 ? c : d, x + 4L * j, 0, 1, panel, depth);
        }
      }
    }
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
