package dev.heed.tck.reference;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tck.reference.Reference.Values;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.function.DoubleBinaryOperator;

/** Ops on one element at a time. */
final class Elementwise {
  private Elementwise() {}

  static double[] add(Tensor out, Tensor a, Tensor b, Values in) {
    boolean whole = out.dtype() == DType.I32;
    return broadcast(out.shape(), a, b, (x, y) -> whole ? (int) x + (int) y : x + y, in);
  }

  static double[] broadcast(Shape to, Tensor a, Tensor b, DoubleBinaryOperator fn, Values in) {
    double[] x = in.read(a);
    double[] y = in.read(b);
    double[] out = new double[(int) to.elements()];
    for (int i = 0; i < out.length; i++) {
      out[i] = fn.applyAsDouble(x[source(i, to, a.shape())], y[source(i, to, b.shape())]);
    }
    return out;
  }

  /** Where element {@code i} of {@code to} comes from in {@code from}, which broadcasts to it. */
  static int source(int i, Shape to, Shape from) {
    int index = 0;
    int step = 1;
    for (int d = 1; d <= from.rank(); d++) {
      int at = i % (int) to.dim(-d);
      i /= (int) to.dim(-d);
      index += from.dim(-d) == 1 ? 0 : at * step;
      step *= (int) from.dim(-d);
    }
    return index;
  }

  static double[] activate(double[] x, Activation fn, double inScale, double outScale) {
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = outScale * activate(fn, inScale * x[i]);
    }
    return out;
  }

  static double activate(Activation fn, double x) {
    return switch (fn) {
      case IDENTITY -> x;
      case RELU -> Math.max(0, x);
      case GELU -> x / 2 * NormalDistribution.erfc(-x / Math.sqrt(2));
      case GELU_TANH ->
          x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case SILU -> x / (1 + Math.exp(-x));
      case TANH -> Math.tanh(x);
      case SIGMOID -> 1 / (1 + Math.exp(-x));
    };
  }

  static double[] dropout(Op.Dropout o, Values in) {
    double[] x = in.read(o.in());
    double[] state = in.read(o.random().state());
    double p = o.random().probability();
    double[] out = new double[x.length];
    for (int e = 0; e < x.length; e++) {
      long block = e / 4;
      double drawn = Philox.draw(state, (int) block, (int) (block >>> 32), 0, e % 4);
      out[e] = drawn >= p ? x[e] / (1 - p) : 0;
    }
    return out;
  }

  /** Random state after an op that draws. */
  static double[] advanced(double[] state) {
    return new double[] {state[0], state[1], (int) state[2] + 1};
  }
}
