package dev.heed.device.cpu;

import static dev.heed.device.cpu.Memory.f32;
import static dev.heed.device.cpu.Memory.i16;

import dev.heed.op.Activation;
import dev.heed.tensor.DType;
import dev.heed.tensor.Quants;

/**
 * Plain loops: for JVMs without the Vector API, and until vectors are compiled. Sums run in the
 * order of {@link VectorRows}, as if there were lanes, so that the bits are the same.
 */
final class ScalarRows implements RowMath {
  private enum Sum {
    DOT,
    SUM,
    SQUARES,
    EXP
  }

  private final int lanes;

  /**
   * Rows with so many lanes.
   *
   * @param lanes a power of 2
   */
  ScalarRows(int lanes) {
    this.lanes = lanes;
  }

  @Override
  public String describe() {
    return "scalar";
  }

  @Override
  public int vectorBits() {
    return Float.SIZE;
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
      f32(y + 4 * i, Math.fma(f32(x + 4 * i), a, f32(y + 4 * i)));
    }
  }

  @Override
  public void activate(long out, long in, long n, Activation fn, float inScale, float outScale) {
    for (long i = 0; i < n; i++) {
      f32(out + 4 * i, ScalarMath.apply(fn, f32(in + 4 * i) * inScale) * outScale);
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
    if (to == DType.Q8_0) {
      ActivationBlocks.round(out, in, n);
      return;
    }
    boolean half = to == DType.F16;
    for (long i = 0; i < n; i++) {
      float v = f32(in + 4 * i);
      i16(out + 2 * i, half ? Float.floatToFloat16(v) : Quants.floatToBFloat16(v));
    }
  }

  @Override
  public float dot(long a, long b, long n) {
    return tree(Sum.DOT, 0, 1, a, b, 0, n);
  }

  @Override
  public float sum(long x, float shift, long n) {
    return tree(Sum.SUM, 0, 1, x, 0, shift, n);
  }

  @Override
  public float squares(long x, float mean, long n) {
    return tree(Sum.SQUARES, 0, 1, x, 0, mean, n);
  }

  /** Halves of the lanes added to halves: lane i's share, with those it was added to so far. */
  private float tree(Sum kind, int lane, int distance, long a, long b, float shift, long n) {
    if (distance == lanes) {
      return switch (kind) {
        case DOT -> laneDot(lane, a, b, n);
        case SUM -> laneSum(lane, a, shift, n);
        case SQUARES -> laneSquares(lane, a, shift, n);
        case EXP -> laneExp(lane, a, shift, n);
      };
    }
    return tree(kind, lane, 2 * distance, a, b, shift, n)
        + tree(kind, lane + distance, 2 * distance, a, b, shift, n);
  }

  /** Four sums take turns; whole vectors behind go to the first, a part of one to the second. */
  private float laneDot(int lane, long a, long b, long n) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    long whole = n & -lanes;
    long i = 0;
    for (; i + 4 * lanes <= whole; i += 4 * lanes) {
      long x = 4 * (i + lane);
      s0 = Math.fma(f32(a + x), f32(b + x), s0);
      x += 4 * lanes;
      s1 = Math.fma(f32(a + x), f32(b + x), s1);
      x += 4 * lanes;
      s2 = Math.fma(f32(a + x), f32(b + x), s2);
      x += 4 * lanes;
      s3 = Math.fma(f32(a + x), f32(b + x), s3);
    }
    for (; i < whole; i += lanes) {
      s0 = Math.fma(f32(a + 4 * (i + lane)), f32(b + 4 * (i + lane)), s0);
    }
    if (whole + lane < n) {
      s1 = Math.fma(f32(a + 4 * (whole + lane)), f32(b + 4 * (whole + lane)), s1);
    }
    return (s0 + s1) + (s2 + s3);
  }

  private float laneSum(int lane, long x, float shift, long n) {
    float s0 = 0;
    float s1 = 0;
    long whole = n & -lanes;
    long i = 0;
    for (; i + 2 * lanes <= whole; i += 2 * lanes) {
      s0 += f32(x + 4 * (i + lane)) - shift;
      s1 += f32(x + 4 * (i + lanes + lane)) - shift;
    }
    for (; i < whole; i += lanes) {
      s0 += f32(x + 4 * (i + lane)) - shift;
    }
    if (whole + lane < n) {
      s1 += f32(x + 4 * (whole + lane)) - shift;
    }
    return s0 + s1;
  }

  private float laneSquares(int lane, long x, float mean, long n) {
    float s0 = 0;
    float s1 = 0;
    long whole = n & -lanes;
    long i = 0;
    for (; i + 2 * lanes <= whole; i += 2 * lanes) {
      float d0 = f32(x + 4 * (i + lane)) - mean;
      float d1 = f32(x + 4 * (i + lanes + lane)) - mean;
      s0 = Math.fma(d0, d0, s0);
      s1 = Math.fma(d1, d1, s1);
    }
    for (; i < whole; i += lanes) {
      float d = f32(x + 4 * (i + lane)) - mean;
      s0 = Math.fma(d, d, s0);
    }
    if (whole + lane < n) {
      float d = f32(x + 4 * (whole + lane)) - mean;
      s1 = Math.fma(d, d, s1);
    }
    return s0 + s1;
  }

  /** The sum of exponents in one lane. */
  private float laneExp(int lane, long x, float shift, long n) {
    float sum = 0;
    for (long i = lane; i < n; i += lanes) {
      sum += ScalarMath.expNegative(f32(x + 4 * i) - shift);
    }
    return sum;
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
      float v = f32(x + 4 * i);
      max = v > max ? v : max;
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
    float sum = expSum(x, shift, n);
    for (long i = 0; i < n; i++) {
      f32(out + 4 * i, ScalarMath.expNegative(f32(x + 4 * i) - shift));
    }
    return sum;
  }

  /** Whole vectors first, then the sum of a part of one. */
  @Override
  public float expSum(long x, float shift, long n) {
    long whole = n & -lanes;
    float sum = whole == 0 ? 0 : tree(Sum.EXP, 0, 1, x, 0, shift, whole);
    return whole == n ? sum : sum + tree(Sum.EXP, 0, 1, x + 4 * whole, 0, shift, n - whole);
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
