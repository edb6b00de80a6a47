package dev.heed.tck.reference;

import dev.heed.op.Op;
import dev.heed.tck.reference.Reference.Values;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;

/** Matrix products, sum by sum. */
final class Matrices {
  private Matrices() {}

  static double[] matmul(Tensor out, Tensor x, Tensor w, boolean transposeW, Values in) {
    Shape ws = w.shape();
    int k = (int) (transposeW ? ws.dim(-1) : ws.dim(-2));
    int n = (int) (transposeW ? ws.dim(-2) : ws.dim(-1));
    double[] a = in.read(x);
    double[] b = in.read(w);
    double[] c = new double[(int) out.shape().elements()];
    int rows = n == 0 ? 0 : c.length / n;
    int rowsOfBatch = ws.rank() > 2 ? (int) x.shape().dim(-2) : Math.max(rows, 1);
    for (int m = 0; m < rows; m++) {
      int weights = m / rowsOfBatch * n * k;
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int i = 0; i < k; i++) {
          sum += a[m * k + i] * b[weights + (transposeW ? j * k + i : i * n + j)];
        }
        c[m * n + j] = sum;
      }
    }
    return c;
  }

  static double[] linear(Op.Linear o, Values in) {
    double[] y = matmul(o.out(), o.x(), o.w(), true, in);
    double[] bias = o.bias().map(in::read).orElse(null);
    double[] residual = o.residual().map(in::read).orElse(null);
    for (int i = 0; i < y.length; i++) {
      double sum = y[i] + (bias == null ? 0 : bias[i % bias.length]);
      y[i] = Elementwise.activate(o.fn(), sum) + (residual == null ? 0 : residual[i]);
    }
    return y;
  }

  static double[] gated(Op.GatedLinear o, Values in) {
    int f = (int) o.out().shape().dim(1);
    int k = (int) o.x().shape().dim(1);
    int rows = (int) o.x().shape().dim(0);
    double[] x = in.read(o.x());
    double[] w = in.read(o.w());
    double[] out = new double[rows * f];
    for (int t = 0; t < rows; t++) {
      for (int j = 0; j < f; j++) {
        double gate = 0;
        double up = 0;
        for (int i = 0; i < k; i++) {
          gate += x[t * k + i] * w[j * k + i];
          up += x[t * k + i] * w[(f + j) * k + i];
        }
        out[t * f + j] = Elementwise.activate(o.fn(), gate) * up;
      }
    }
    return out;
  }
}
