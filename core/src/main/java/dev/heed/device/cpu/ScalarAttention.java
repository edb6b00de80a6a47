package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;

/** Plain loops with the sums of {@link VectorAttention}, so that the bits are the same. */
final class ScalarAttention implements AttentionMath {
  private final int lanes;

  /** Tiles of so many lanes. */
  ScalarAttention(int lanes) {
    this.lanes = lanes;
  }

  @Override
  public int lanes() {
    return lanes;
  }

  @Override
  public int columns() {
    return 2 * lanes;
  }

  @Override
  public void scores(
      long s, long q, long k, long kStride, int keys, int rows, int width, int size) {
    for (int j = 0; j < keys; j++) {
      for (int i = 0; i < rows; i++) {
        float sum = 0;
        for (int d = 0; d < size; d++) {
          sum = Math.fma(f32(q + 4L * (d * width + i)), f32(k + j * kStride + 4L * d), sum);
        }
        f32(s + 4L * (j * width + i), sum);
      }
    }
  }

  @Override
  public void softmax(long s, long state, int keys, int rows, int width) {
    long arrays = 4L * 2 * lanes;
    for (int i = 0; i < rows; i++) {
      long own = state + 4L * i;
      float most = f32(own);
      for (int j = 0; j < keys; j++) {
        float v = f32(s + 4L * (j * width + i));
        most = v > most ? v : most;
      }
      float shift = most == Float.NEGATIVE_INFINITY ? 0 : most;
      float sum = 0;
      for (int j = 0; j < keys; j++) {
        long at = s + 4L * (j * width + i);
        float e = ScalarMath.expNegative(f32(at) - shift);
        f32(at, e);
        sum += e;
      }
      f32(own + 2 * arrays, most);
      f32(own + 3 * arrays, sum);
    }
  }

  @Override
  public void weigh(
      long o, long p, long v, long vStride, int keys, int rows, int width, int columns) {
    for (int i = 0; i < rows; i++) {
      for (int c = 0; c < columns; c++) {
        long at = o + 4 * ((long) i * columns + c);
        float sum = f32(at);
        for (int j = 0; j < keys; j++) {
          sum = Math.fma(f32(v + j * vStride + 4L * c), f32(p + 4L * (j * width + i)), sum);
        }
        f32(at, sum);
      }
    }
  }
}
