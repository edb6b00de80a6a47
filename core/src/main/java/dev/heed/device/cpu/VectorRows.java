package dev.heed.device.cpu;

import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.LANES;
import static dev.heed.device.cpu.VectorMath.load;
import static dev.heed.device.cpu.VectorMath.of;
import static dev.heed.device.cpu.VectorMath.store;

import dev.heed.op.Activation;
import dev.heed.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/** Rows by whole vectors, the rest by a masked one. */
final class VectorRows implements RowMath {
  private static final VectorShuffle<Float> LOW_TWICE = VectorShuffle.fromOp(F, i -> i / 2);
  private static final VectorShuffle<Float> HIGH_TWICE =
      VectorShuffle.fromOp(F, i -> LANES / 2 + i / 2);
  private static final VectorShuffle<Float> PARTNER = VectorShuffle.fromOp(F, i -> i ^ 1);
  private static final VectorMask<Float> EVEN =
      VectorMask.fromLong(F, 0x5555555555555555L & (-1L >>> (64 - LANES)));

  @Override
  public String describe() {
    return "vectors of %d bits".formatted(vectorBits());
  }

  @Override
  public int vectorBits() {
    return 8 * BYTES;
  }

  /** Bytes of the whole vectors in n elements. */
  private static long whole(long n) {
    return 4 * (n & -LANES);
  }

  private static VectorMask<Float> rest(long n) {
    return F.indexInRange(0, n & (LANES - 1));
  }

  @Override
  public void fill(long out, float value, long n) {
    FloatVector v = of(value);
    long end = whole(n);
    for (long i = 0; i < end; i += BYTES) {
      store(v, out + i);
    }
    if (end < 4 * n) {
      store(v, out + end, rest(n));
    }
  }

  @Override
  public void add(long out, long a, long b, long n) {
    long end = whole(n);
    for (long i = 0; i < end; i += BYTES) {
      store(load(a + i).add(load(b + i)), out + i);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      store(load(a + end, m).add(load(b + end, m)), out + end, m);
    }
  }

  @Override
  public void add(long out, long a, float b, long n) {
    long end = whole(n);
    for (long i = 0; i < end; i += BYTES) {
      store(load(a + i).add(b), out + i);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      store(load(a + end, m).add(b), out + end, m);
    }
  }

  @Override
  public void mul(long out, long a, long b, long n) {
    long end = whole(n);
    for (long i = 0; i < end; i += BYTES) {
      store(load(a + i).mul(load(b + i)), out + i);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      store(load(a + end, m).mul(load(b + end, m)), out + end, m);
    }
  }

  @Override
  public void mul(long out, long a, float b, long n) {
    long end = whole(n);
    for (long i = 0; i < end; i += BYTES) {
      store(load(a + i).mul(b), out + i);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      store(load(a + end, m).mul(b), out + end, m);
    }
  }

  @Override
  public void addScaled(long y, float a, long x, long n) {
    FloatVector va = of(a);
    long end = whole(n);
    for (long i = 0; i < end; i += BYTES) {
      store(load(x + i).fma(va, load(y + i)), y + i);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      store(load(x + end, m).fma(va, load(y + end, m)), y + end, m);
    }
  }

  @Override
  public void activate(long out, long in, long n, Activation fn, float inScale, float outScale) {
    VectorLoops.activate(fn, out, in, n, inScale, outScale);
  }

  @Override
  public void toFloat(DType from, long out, long in, long n) {
    VectorCasts.toFloat(from, out, in, n);
  }

  @Override
  public void fromFloat(DType to, long out, long in, long n) {
    VectorCasts.fromFloat(to, out, in, n);
  }

  @Override
  public float dot(long a, long b, long n) {
    FloatVector s0 = of(0);
    FloatVector s1 = of(0);
    FloatVector s2 = of(0);
    FloatVector s3 = of(0);
    long end = whole(n);
    long i = 0;
    for (; i + 4 * BYTES <= end; i += 4 * BYTES) {
      s0 = load(a + i).fma(load(b + i), s0);
      s1 = load(a + i + BYTES).fma(load(b + i + BYTES), s1);
      s2 = load(a + i + 2 * BYTES).fma(load(b + i + 2 * BYTES), s2);
      s3 = load(a + i + 3 * BYTES).fma(load(b + i + 3 * BYTES), s3);
    }
    for (; i < end; i += BYTES) {
      s0 = load(a + i).fma(load(b + i), s0);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      s1 = load(a + end, m).fma(load(b + end, m), s1);
    }
    return VectorMath.sum(s0.add(s1).add(s2.add(s3)));
  }

  @Override
  public float sum(long x, float shift, long n) {
    FloatVector s0 = of(0);
    FloatVector s1 = of(0);
    long end = whole(n);
    long i = 0;
    for (; i + 2 * BYTES <= end; i += 2 * BYTES) {
      s0 = load(x + i).sub(shift).add(s0);
      s1 = load(x + i + BYTES).sub(shift).add(s1);
    }
    for (; i < end; i += BYTES) {
      s0 = load(x + i).sub(shift).add(s0);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      s1 = of(0).blend(load(x + end, m).sub(shift), m).add(s1);
    }
    return VectorMath.sum(s0.add(s1));
  }

  @Override
  public float squares(long x, float mean, long n) {
    FloatVector s0 = of(0);
    FloatVector s1 = of(0);
    long end = whole(n);
    long i = 0;
    for (; i + 2 * BYTES <= end; i += 2 * BYTES) {
      FloatVector d0 = load(x + i).sub(mean);
      FloatVector d1 = load(x + i + BYTES).sub(mean);
      s0 = d0.fma(d0, s0);
      s1 = d1.fma(d1, s1);
    }
    for (; i < end; i += BYTES) {
      FloatVector d = load(x + i).sub(mean);
      s0 = d.fma(d, s0);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      FloatVector d = of(0).blend(load(x + end, m).sub(mean), m);
      s1 = d.fma(d, s1);
    }
    return VectorMath.sum(s0.add(s1));
  }

  @Override
  public void normalize(
      long out, long x, float mean, float factor, float offset, long weight, long bias, long n) {
    if (weight == 0) {
      shiftAndScale(out, x, mean, factor, offset, n);
    } else {
      scaleByWeight(out, x, mean, factor, offset, weight, n);
    }
    if (bias != 0) {
      add(out, out, bias, n);
    }
  }

  private static void shiftAndScale(
      long out, long x, float mean, float factor, float offset, long n) {
    FloatVector f = of(factor);
    FloatVector o = of(offset);
    long end = whole(n);
    for (long i = 0; i < end; i += BYTES) {
      store(load(x + i).sub(mean).fma(f, o), out + i);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      store(load(x + end, m).sub(mean).fma(f, o), out + end, m);
    }
  }

  private static void scaleByWeight(
      long out, long x, float mean, float factor, float offset, long weight, long n) {
    FloatVector f = of(factor);
    FloatVector o = of(offset);
    long end = whole(n);
    for (long i = 0; i < end; i += BYTES) {
      store(load(x + i).sub(mean).fma(f, o).mul(load(weight + i)), out + i);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      store(load(x + end, m).sub(mean).fma(f, o).mul(load(weight + end, m)), out + end, m);
    }
  }

  @Override
  public float max(long x, long n) {
    FloatVector most = of(Float.NEGATIVE_INFINITY);
    long end = whole(n);
    for (long i = 0; i < end; i += BYTES) {
      most = VectorMath.max(most, load(x + i));
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      most = most.blend(VectorMath.max(most, load(x + end, m)), m);
    }
    return most.reduceLanes(VectorOperators.MAX);
  }

  @Override
  public void max(long out, long x, long n) {
    long end = whole(n);
    for (long i = 0; i < end; i += BYTES) {
      store(load(out + i).max(load(x + i)), out + i);
    }
    if (end < 4 * n) {
      VectorMask<Float> m = rest(n);
      store(load(out + end, m).max(load(x + end, m)), out + end, m);
    }
  }

  @Override
  public float expSum(long out, long x, float shift, long n) {
    return VectorLoops.expSum(out, x, shift, n);
  }

  @Override
  public float expSum(long x, float shift, long n) {
    return VectorLoops.expSum(x, shift, n);
  }

  @Override
  public void rotateHalves(long out, long x, long cos, long sin, long m) {
    long end = whole(m);
    for (long i = 0; i < end; i += BYTES) {
      FloatVector a = load(x + i);
      FloatVector b = load(x + 4 * m + i);
      FloatVector c = load(cos + i);
      FloatVector s = load(sin + i);
      store(a.mul(c).sub(b.mul(s)), out + i);
      store(a.mul(s).add(b.mul(c)), out + 4 * m + i);
    }
    if (end < 4 * m) {
      VectorMask<Float> r = rest(m);
      FloatVector a = load(x + end, r);
      FloatVector b = load(x + 4 * m + end, r);
      FloatVector c = load(cos + end, r);
      FloatVector s = load(sin + end, r);
      store(a.mul(c).sub(b.mul(s)), out + end, r);
      store(a.mul(s).add(b.mul(c)), out + 4 * m + end, r);
    }
  }

  @Override
  public void rotatePairs(long out, long x, long cos, long sin, long m) {
    long end = whole(m);
    for (long i = 0; i < end; i += BYTES) {
      FloatVector c = load(cos + i);
      FloatVector s = load(sin + i);
      pairs(out + 2 * i, x + 2 * i, c.rearrange(LOW_TWICE), s.rearrange(LOW_TWICE));
      pairs(
          out + 2 * i + BYTES, x + 2 * i + BYTES, c.rearrange(HIGH_TWICE), s.rearrange(HIGH_TWICE));
    }
    for (long i = end; i < 4 * m; i += 4) {
      ScalarRows.rotate(out + 2 * i, out + 2 * i + 4, x + 2 * i, x + 2 * i + 4, cos + i, sin + i);
    }
  }

  /** (a, b) to (a c - b s, b c + a s), where c and s stand in both lanes of a pair. */
  private static void pairs(long out, long x, FloatVector c, FloatVector s) {
    FloatVector v = load(x);
    FloatVector signed = s.blend(s.neg(), EVEN);
    store(v.mul(c).add(v.rearrange(PARTNER).mul(signed)), out);
  }
}
