package dev.heed.device.cpu;

import dev.heed.op.Activation;

/**
 * The functions of {@link VectorMath} for one number, operation by operation, so that the bits are
 * the same.
 */
final class ScalarMath {
  private static final float ROUND = 12582912f;
  private static final float LOG2_E = 1.442695041f;
  private static final float MINUS_LN2_HIGH = -0.693359375f;
  private static final float MINUS_LN2_LOW = 2.12194440e-4f;
  private static final float EXP_MIN = -86.6f;
  private static final float EXP_MAX = 89f;

  private ScalarMath() {}

  static float apply(Activation fn, float x) {
    return switch (fn) {
      case IDENTITY -> x;
      case RELU -> x < 0 ? 0 : x;
      case GELU -> gelu(x);
      case GELU_TANH -> {
        float cubic = Math.fma(x * x, 0.044715f, 1f) * x;
        yield x / (exp(cubic * -1.5957691216f) + 1f);
      }
      case SILU -> x / (exp(-x) + 1f);
      case TANH -> tanh(x);
      case SIGMOID -> 1f / (exp(-x) + 1f);
    };
  }

  /** exp(x), for x at most 88; 0 below -86.6. */
  static float expNegative(float x) {
    float rounded = Math.fma(x, LOG2_E, ROUND);
    float n = rounded - ROUND;
    float r = Math.fma(n, MINUS_LN2_HIGH, x);
    r = Math.fma(n, MINUS_LN2_LOW, r);
    float p = Math.fma(r, 1.381455921e-3f, 8.368736133e-3f);
    p = Math.fma(p, r, 0.04166838899f);
    p = Math.fma(p, r, 0.1666652113f);
    p = Math.fma(p, r, 0.4999999404f);
    p = Math.fma(p, r * r, r + 1f);
    int power = (Float.floatToRawIntBits(rounded) << 23) + (126 << 23);
    float y = p * Float.intBitsToFloat(power) * 2f;
    return x < EXP_MIN ? 0 : y;
  }

  private static float exp(float x) {
    return expNegative(x > EXP_MAX ? EXP_MAX : x);
  }

  private static float tanh(float x) {
    float a = Math.abs(x);
    if (a < 0.625f) {
      float z = x * x;
      float p = Math.fma(z, -5.704982206e-3f, 0.02063908242f);
      p = Math.fma(p, z, -0.05373971164f);
      p = Math.fma(p, z, 0.1333144158f);
      p = Math.fma(p, z, -0.3333328068f);
      return Math.fma(p * z, x, x);
    }
    float far = 1f - 2f / (exp(a + a) + 1f);
    return x < 0 ? -far : far;
  }

  private static float gelu(float x) {
    float a = Math.abs(x);
    a = a > 15f ? 15f : a;
    float t = 1f / Math.fma(a, 0.35f, 1f);
    float p = Math.fma(t, -0.02914613485f, 0.14397268f);
    p = Math.fma(p, t, -0.2557162643f);
    p = Math.fma(p, t, 0.1591764241f);
    p = Math.fma(p, t, -0.02311137319f);
    p = Math.fma(p, t, 0.1055086404f);
    p = Math.fma(p, t, 0.1198327094f);
    p = Math.fma(p, t, 0.1398618966f);
    p = Math.fma(p, t, 0.1396214068f);
    float h = a * a;
    float l = Math.fma(a, a, -h);
    float e = expNegative(h * -0.5f);
    e *= Math.fma(l, -0.5f, 1f);
    float tail = p * t * e * x;
    return x >= 0 ? x - tail : tail;
  }
}
