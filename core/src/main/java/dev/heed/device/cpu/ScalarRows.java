package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i16;

import dev.heed.op.Activation;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;

/** Plain loops, with sums in F64: for JVMs without the Vector API, and to compare with. */
final class ScalarRows implements RowMath {
  @Override
  public String describe() {
    return "scalar";
  }

  @Override
  public void fill(long out, float value, long n) {
    for (long i = 0; i < n; i++) {
      f32(out + 4 * i, value);
    }
  }

  @Override
  public void add(long out, long a, long b, long n) {
    for (long i = 0; i < n; i++) {
      f32(out + 4 * i, f32(a + 4 * i) + f32(b + 4 * i));
    }
  }

  @Override
  public void add(long out, long a, float b, long n) {
    for (long i = 0; i < n; i++) {
      f32(out + 4 * i, f32(a + 4 * i) + b);
    }
  }

  @Override
  public void mul(long out, long a, long b, long n) {
    for (long i = 0; i < n; i++) {
      f32(out + 4 * i, f32(a + 4 * i) * f32(b + 4 * i));
    }
  }

  @Override
  public void mul(long out, long a, float b, long n) {
    for (long i = 0; i < n; i++) {
      f32(out + 4 * i, f32(a + 4 * i) * b);
    }
  }

  @Override
  public void addScaled(long y, float a, long x, long n) {
    for (long i = 0; i < n; i++) {
      f32(y + 4 * i, f32(y + 4 * i) + a * f32(x + 4 * i));
    }
  }

  @Override
  public void activate(long out, long in, long n, Activation fn, float inScale, float outScale) {
    for (long i = 0; i < n; i++) {
      f32(out + 4 * i, (float) (outScale * ScalarMath.apply(fn, inScale * f32(in + 4 * i))));
    }
  }

  @Override
  public void toFloat(DType from, long out, long in, long n) {
    switch (from) {
      case F16 -> {
        for (long i = 0; i < n; i++) {
          f32(out + 4 * i, Float.float16ToFloat(i16(in + 2 * i)));
        }
      }
      case BF16 -> {
        for (long i = 0; i < n; i++) {
          f32(out + 4 * i, Quants.bfloat16ToFloat(i16(in + 2 * i)));
        }
      }
      case I32 -> {
        for (long i = 0; i < n; i++) {
          f32(out + 4 * i, Memory.i32(in + 4 * i));
        }
      }
      case I8 -> {
        for (long i = 0; i < n; i++) {
          f32(out + 4 * i, Memory.i8(in + i));
        }
      }
      default -> Quants.dequantize(from, Memory.ALL, in, Memory.ALL, out, n);
    }
  }

  @Override
  public void fromFloat(DType to, long out, long in, long n) {
    boolean half = to == DType.F16;
    for (long i = 0; i < n; i++) {
      float v = f32(in + 4 * i);
      i16(out + 2 * i, half ? Float.floatToFloat16(v) : Quants.floatToBFloat16(v));
    }
  }

  @Override
  public float dot(long a, long b, long n) {
    double sum = 0;
    for (long i = 0; i < n; i++) {
      sum += (double) f32(a + 4 * i) * f32(b + 4 * i);
    }
    return (float) sum;
  }

  @Override
  public float sum(long x, float shift, long n) {
    double sum = 0;
    for (long i = 0; i < n; i++) {
      sum += (double) f32(x + 4 * i) - shift;
    }
    return (float) sum;
  }

  @Override
  public float squares(long x, float mean, long n) {
    double sum = 0;
    for (long i = 0; i < n; i++) {
      double d = (double) f32(x + 4 * i) - mean;
      sum += d * d;
    }
    return (float) sum;
  }

  @Override
  public void normalize(
      long out, long x, float mean, float factor, float offset, long weight, long bias, long n) {
    for (long i = 0; i < n; i++) {
      float v = Math.fma(f32(x + 4 * i) - mean, factor, offset);
      v = weight == 0 ? v : v * f32(weight + 4 * i);
      f32(out + 4 * i, bias == 0 ? v : v + f32(bias + 4 * i));
    }
  }

  @Override
  public float max(long x, long n) {
    float max = Float.NEGATIVE_INFINITY;
    for (long i = 0; i < n; i++) {
      max = Math.max(max, f32(x + 4 * i));
    }
    return max;
  }

  @Override
  public void max(long out, long x, long n) {
    for (long i = 0; i < n; i++) {
      f32(out + 4 * i, Math.max(f32(out + 4 * i), f32(x + 4 * i)));
    }
  }

  @Override
  public float expSum(long out, long x, float shift, long n) {
    double sum = 0;
    for (long i = 0; i < n; i++) {
      double e = Math.exp((double) f32(x + 4 * i) - shift);
      f32(out + 4 * i, (float) e);
      sum += e;
    }
    return (float) sum;
  }

  @Override
  public float expSum(long x, float shift, long n) {
    double sum = 0;
    for (long i = 0; i < n; i++) {
      sum += Math.exp((double) f32(x + 4 * i) - shift);
    }
    return (float) sum;
  }

  @Override
  public void rotateHalves(long out, long x, long cos, long sin, long m) {
    for (long i = 0; i < m; i++) {
      rotate(out + 4 * i, out + 4 * (i + m), x + 4 * i, x + 4 * (i + m), cos + 4 * i, sin + 4 * i);
    }
  }

  @Override
  public void rotatePairs(long out, long x, long cos, long sin, long m) {
    for (long i = 0; i < m; i++) {
      rotate(out + 8 * i, out + 8 * i + 4, x + 8 * i, x + 8 * i + 4, cos + 4 * i, sin + 4 * i);
    }
  }

  /** Rotates one pair. */
  static void rotate(long outA, long outB, long a, long b, long cos, long sin) {
    float va = f32(a);
    float vb = f32(b);
    float c = f32(cos);
    float s = f32(sin);
    f32(outA, va * c - vb * s);
    f32(outB, va * s + vb * c);
  }
}
