package dev.heed.tck.check;

import dev.heed.tck.Numbers;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import org.opentest4j.AssertionFailedError;

/** Results against what they should be. */
public final class Compare {
  private Compare() {}

  /**
   * Fails if the normalised mean square error is above {@code limit}, or an infinity or NaN is not
   * where it should be. No device can do better than to round right: where a few large values make
   * that alone an error above the limit, it is the limit.
   */
  public static void nmse(String what, Tensor out, double[] want, double[] got, double limit) {
    double error = 0;
    double norm = 0;
    double least = 0;
    int worst = -1;
    double most = 0;
    for (int i = 0; i < want.length; i++) {
      if (!Double.isFinite(want[i]) || !Double.isFinite(got[i])) {
        if (Double.compare(want[i], got[i]) != 0) {
          throw failure(what, out, i, want, got, "not finite");
        }
        continue;
      }
      double e = Math.abs(got[i] - want[i]);
      if (e > most) {
        most = e;
        worst = i;
      }
      error += e * e;
      norm += want[i] * want[i];
      double rounding = round(out.dtype(), want[i]) - want[i];
      least += rounding * rounding;
    }
    if (worst >= 0 && !(error <= Math.max(limit * norm, least))) {
      String measured = "NMSE %.3g, at most %.3g".formatted(error / norm, limit);
      throw failure(what, out, worst, want, got, measured);
    }
  }

  /** Fails unless every element equals {@code want} rounded to the tensor's type. */
  public static void exact(String what, Tensor out, double[] want, double[] got) {
    for (int i = 0; i < want.length; i++) {
      double rounded = round(out.dtype(), want[i]);
      if (rounded != got[i] && !(Double.isNaN(rounded) && Double.isNaN(got[i]))) {
        throw failure(what, out, i, want, got, "want equal");
      }
    }
  }

  /** Fails if an element is further away than {@code limit (1 + |want|)}. */
  public static void close(String what, Tensor out, double[] want, double[] got, double limit) {
    for (int i = 0; i < want.length; i++) {
      if (!(Math.abs(got[i] - want[i]) <= limit * (1 + Math.abs(want[i])))
          && Double.compare(got[i], want[i]) != 0) {
        throw failure(what, out, i, want, got, "further than " + limit);
      }
    }
  }

  /** Fails if an element is further away than {@code limit}. */
  public static void within(String what, Tensor out, double[] want, double[] got, double limit) {
    for (int i = 0; i < want.length; i++) {
      if (!(Math.abs(got[i] - want[i]) <= limit)) {
        throw failure(what, out, i, want, got, "further than " + limit);
      }
    }
  }

  private static double round(DType dtype, double v) {
    return Numbers.round(dtype, v);
  }

  private static AssertionFailedError failure(
      String what, Tensor out, int i, double[] want, double[] got, String why) {
    return new AssertionFailedError(
        "%s: %s at element %d is %s, want %s: %s".formatted(what, out, i, got[i], want[i], why));
  }
}
