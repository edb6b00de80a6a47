package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;

/** Plain loops, one query at a time. */
final class ScalarAttention implements AttentionMath {
  private static final int LANES = 8;

  @Override
  public int lanes() {
    return LANES;
  }

  @Override
  public int columns() {
    return 1;
  }

  @Override
  public void scores(long s, long q, long k, long kStride, int keys, int width, int size) {
    for (int j = 0; j < keys; j++) {
      for (int i = 0; i < width; i++) {
        double sum = 0;
        for (int d = 0; d < size; d++) {
          sum += (double) f32(k + j * kStride + 4L * d) * f32(q + 4L * (d * width + i));
        }
        f32(s + 4L * (j * width + i), (float) sum);
      }
    }
  }

  @Override
  public void softmax(long s, long state, int keys, int width) {
    long arrays = 4L * 2 * LANES;
    for (int i = 0; i < width; i++) {
      long own = state + 4L * i;
      float most = f32(own);
      for (int j = 0; j < keys; j++) {
        most = Math.max(most, f32(s + 4L * (j * width + i)));
      }
      double shift = most == Float.NEGATIVE_INFINITY ? 0 : most;
      double sum = 0;
      for (int j = 0; j < keys; j++) {
        long at = s + 4L * (j * width + i);
        double e = Math.exp(f32(at) - shift);
        f32(at, (float) e);
        sum += e;
      }
      f32(own + 2 * arrays, most);
      f32(own + 3 * arrays, (float) sum);
    }
  }

  @Override
  public void weigh(
      long o, long p, long v, long vStride, int keys, int rows, int width, int columns) {
    for (int i = 0; i < rows; i++) {
      for (int c = 0; c < columns; c++) {
        long at = o + 4 * ((long) i * columns + c);
        double sum = f32(at);
        for (int j = 0; j < keys; j++) {
          sum += (double) f32(p + 4L * (j * width + i)) * f32(v + j * vStride + 4L * c);
        }
        f32(at, (float) sum);
      }
    }
  }
}
