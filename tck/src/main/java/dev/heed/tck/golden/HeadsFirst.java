package dev.heed.tck.golden;

/** Between [B, H, T, D], as PyTorch and ONNX have it, and Heed's ragged rows [B T, H, D]. */
final class HeadsFirst {
  private HeadsFirst() {}

  static double[] toRows(double[] x, int batch, int heads, int tokens, int d) {
    double[] rows = new double[x.length];
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < heads; h++) {
        for (int t = 0; t < tokens; t++) {
          int from = ((b * heads + h) * tokens + t) * d;
          System.arraycopy(x, from, rows, ((b * tokens + t) * heads + h) * d, d);
        }
      }
    }
    return rows;
  }
}
