package dev.heed.device.cpu;

import dev.heed.op.Activation;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Functions of F32 vectors, to about one unit in the last place: minimax polynomials fitted to the
 * functions in high precision. Small enough to be inlined into loops, where nothing is allocated.
 * Loaded only where {@code jdk.incubator.vector} is.
 */
final class VectorMath {
  /** Vectors of floats as wide as the processor likes. */
  static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

  /** Ints, as many as {@link #F} has floats. */
  static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, VectorShape.preferredShape());

  /** Floats in a vector. */
  static final int LANES = F.length();

  /** Bytes of a vector. */
  static final int BYTES = 4 * LANES;

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Adding it rounds to an integer, which then stands in the low bits: 1.5 * 2^23. */
  private static final float ROUND = 12582912f;

  private static final float LOG2_E = 1.442695041f;
  private static final float LN2_HIGH = 0.693359375f;
  private static final float LN2_LOW = -2.12194440e-4f;

  /** Below it exp gives 0: 2^n would be subnormal. */
  private static final float EXP_MIN = -86.6f;

  private static final float EXP_MAX = 89f;

  private static final VectorShuffle<Float> SWAP_8 = swap(8);
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_1 = swap(1);

  private VectorMath() {}

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(F, i -> (i ^ distance) % LANES);
  }

  /** The number in every lane. */
  static FloatVector of(float value) {
    return FloatVector.broadcast(F, value);
  }

  /** A vector from an address. */
  static FloatVector load(long at) {
    return FloatVector.fromMemorySegment(F, Memory.ALL, at, ORDER);
  }

  /** The lanes of {@code mask} from an address, the others 0 and not read. */
  static FloatVector load(long at, VectorMask<Float> mask) {
    return FloatVector.fromMemorySegment(F, Memory.ALL, at, ORDER, mask);
  }

  static void store(FloatVector v, long at) {
    v.intoMemorySegment(Memory.ALL, at, ORDER);
  }

  /** Stores the lanes of {@code mask}. */
  static void store(FloatVector v, long at, VectorMask<Float> mask) {
    v.intoMemorySegment(Memory.ALL, at, ORDER, mask);
  }

  /** The sum of the lanes: halves added to halves, in the same order in compiled code and not. */
  static float sum(FloatVector v) {
    if (LANES >= 16) {
      v = v.add(v.rearrange(SWAP_8));
    }
    if (LANES >= 8) {
      v = v.add(v.rearrange(SWAP_4));
    }
    if (LANES >= 4) {
      v = v.add(v.rearrange(SWAP_2));
    }
    return v.add(v.rearrange(SWAP_1)).lane(0);
  }

  /** The larger of each two; where b is NaN, a. */
  static FloatVector max(FloatVector a, FloatVector b) {
    return a.blend(b, b.compare(VectorOperators.GT, a));
  }

  /** exp(x), for x at most 88; 0 below -86.6. */
  static FloatVector expNegative(FloatVector x) {
    FloatVector rounded = x.fma(of(LOG2_E), of(ROUND));
    FloatVector n = rounded.sub(ROUND);
    FloatVector r = n.fma(of(-LN2_HIGH), x);
    r = n.fma(of(-LN2_LOW), r);
    FloatVector p = r.fma(of(1.381455921e-3f), of(8.368736133e-3f));
    p = p.fma(r, of(0.04166838899f));
    p = p.fma(r, of(0.1666652113f));
    p = p.fma(r, of(0.4999999404f));
    p = p.fma(r.mul(r), r.add(1f));
    // 2^(n - 1), whose exponent fits for n = 128 too, and then twice that.
    IntVector power = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(126 << 23);
    FloatVector y = p.mul(power.reinterpretAsFloats()).mul(2f);
    return y.blend(0f, x.compare(VectorOperators.LT, EXP_MIN));
  }

  /** exp(x); 0 below -86.6. */
  static FloatVector exp(FloatVector x) {
    return expNegative(x.blend(EXP_MAX, x.compare(VectorOperators.GT, EXP_MAX)));
  }

  /** 1 / (1 + exp(-x)). */
  static FloatVector sigmoid(FloatVector x) {
    return of(1f).div(exp(x.neg()).add(1f));
  }

  /** x sigmoid(x). */
  static FloatVector silu(FloatVector x) {
    return x.div(exp(x.neg()).add(1f));
  }

  /** tanh(x): a polynomial near 0, 1 - 2 / (exp(2 |x|) + 1) beyond. */
  static FloatVector tanh(FloatVector x) {
    FloatVector a = x.abs();
    FloatVector far = of(1f).sub(of(2f).div(exp(a.add(a)).add(1f)));
    FloatVector signed = far.blend(far.neg(), x.compare(VectorOperators.LT, 0f));
    FloatVector z = x.mul(x);
    FloatVector p = z.fma(of(-5.704982206e-3f), of(0.02063908242f));
    p = p.fma(z, of(-0.05373971164f));
    p = p.fma(z, of(0.1333144158f));
    p = p.fma(z, of(-0.3333328068f));
    FloatVector near = p.mul(z).fma(x, x);
    return signed.blend(near, a.compare(VectorOperators.LT, 0.625f));
  }

  /**
   * x Phi(x). With Phi(-a) = exp(-a^2 / 2) t P(t), t = 1 / (1 + 0.35 a), so that the tail keeps its
   * relative accuracy.
   */
  static FloatVector gelu(FloatVector x) {
    FloatVector a = x.abs();
    a = a.blend(15f, a.compare(VectorOperators.GT, 15f)); // beyond, the tail is 0
    FloatVector t = of(1f).div(a.fma(of(0.35f), of(1f)));
    FloatVector p = t.fma(of(-0.02914613485f), of(0.14397268f));
    p = p.fma(t, of(-0.2557162643f));
    p = p.fma(t, of(0.1591764241f));
    p = p.fma(t, of(-0.02311137319f));
    p = p.fma(t, of(0.1055086404f));
    p = p.fma(t, of(0.1198327094f));
    p = p.fma(t, of(0.1398618966f));
    p = p.fma(t, of(0.1396214068f));
    // exp(-a^2 / 2) = exp(-h / 2) (1 - l / 2) where h + l is a^2 exactly.
    FloatVector h = a.mul(a);
    FloatVector l = a.fma(a, h.neg());
    FloatVector e = expNegative(h.mul(-0.5f));
    e = e.mul(l.fma(of(-0.5f), of(1f)));
    FloatVector tail = p.mul(t).mul(e).mul(x);
    FloatVector right = x.sub(tail);
    return tail.blend(right, x.compare(VectorOperators.GE, 0f));
  }

  /** x/2 (1 + tanh u), u = sqrt(2/pi) (x + 0.044715 x^3), as x sigmoid(2u). */
  static FloatVector geluTanh(FloatVector x) {
    FloatVector cubic = x.mul(x).fma(of(0.044715f), of(1f)).mul(x);
    return x.div(exp(cubic.mul(-1.5957691216f)).add(1f));
  }

  static FloatVector relu(FloatVector x) {
    return x.blend(0f, x.compare(VectorOperators.LT, 0f));
  }

  /** fn(x): for loops where fn does not change, after which the switch costs a jump. */
  static FloatVector apply(Activation fn, FloatVector x) {
    return switch (fn) {
      case IDENTITY -> x;
      case RELU -> relu(x);
      case GELU -> gelu(x);
      case GELU_TANH -> geluTanh(x);
      case SILU -> silu(x);
      case TANH -> tanh(x);
      case SIGMOID -> sigmoid(x);
    };
  }
}
