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

  // Constants are vectors already: as broadcasts they would use up what the compiler inlines.

  private static final FloatVector ZERO = of(0);
  private static final FloatVector MINUS_HALF = of(-0.5f);
  private static final FloatVector ONE = of(1);
  private static final FloatVector TWO = of(2);

  /** Adding it rounds to an integer, which then stands in the low bits: 1.5 * 2^23. */
  private static final FloatVector ROUND = of(12582912f);

  private static final FloatVector LOG2_E = of(1.442695041f);
  private static final FloatVector MINUS_LN2_HIGH = of(-0.693359375f);
  private static final FloatVector MINUS_LN2_LOW = of(2.12194440e-4f);

  /** Below it exp gives 0: 2^n would be subnormal. */
  private static final FloatVector EXP_MIN = of(-86.6f);

  /** From here on exp gives infinity. */
  private static final FloatVector EXP_MAX = of(89f);

  /** 126 in the exponent's bits, to which n is added. */
  private static final IntVector EXPONENT = IntVector.broadcast(I, 126 << 23);

  // exp(r) = 1 + r + r^2 (E2 + E3 r + ..)
  private static final FloatVector E2 = of(0.4999999404f);
  private static final FloatVector E3 = of(0.1666652113f);
  private static final FloatVector E4 = of(0.04166838899f);
  private static final FloatVector E5 = of(8.368736133e-3f);
  private static final FloatVector E6 = of(1.381455921e-3f);

  // tanh(x) = x + x^3 (T3 + T5 x^2 + ..), up to T_MAX
  private static final FloatVector T_MAX = of(0.625f);
  private static final FloatVector T3 = of(-0.3333328068f);
  private static final FloatVector T5 = of(0.1333144158f);
  private static final FloatVector T7 = of(-0.05373971164f);
  private static final FloatVector T9 = of(0.02063908242f);
  private static final FloatVector T11 = of(-5.704982206e-3f);

  // Phi(-a) = exp(-a^2 / 2) t (G0 + G1 t + ..), t = 1 / (1 + G_SCALE a), up to G_MAX
  private static final FloatVector G_SCALE = of(0.35f);
  private static final FloatVector G_MAX = of(15f);
  private static final FloatVector G0 = of(0.1396214068f);
  private static final FloatVector G1 = of(0.1398618966f);
  private static final FloatVector G2 = of(0.1198327094f);
  private static final FloatVector G3 = of(0.1055086404f);
  private static final FloatVector G4 = of(-0.02311137319f);
  private static final FloatVector G5 = of(0.1591764241f);
  private static final FloatVector G6 = of(-0.2557162643f);
  private static final FloatVector G7 = of(0.14397268f);
  private static final FloatVector G8 = of(-0.02914613485f);

  private static final FloatVector CUBIC = of(0.044715f);

  /** -2 sqrt(2 / pi). */
  private static final FloatVector CUBIC_SCALE = of(-1.5957691216f);

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
    FloatVector rounded = x.fma(LOG2_E, ROUND);
    FloatVector n = rounded.sub(ROUND);
    FloatVector r = n.fma(MINUS_LN2_HIGH, x);
    r = n.fma(MINUS_LN2_LOW, r);
    FloatVector p = r.fma(E6, E5);
    p = p.fma(r, E4);
    p = p.fma(r, E3);
    p = p.fma(r, E2);
    p = p.fma(r.mul(r), r.add(ONE));
    // 2^(n - 1), whose exponent fits for n = 128 too, and then twice that.
    IntVector power = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(EXPONENT);
    FloatVector y = p.mul(power.reinterpretAsFloats()).mul(TWO);
    return y.blend(ZERO, x.compare(VectorOperators.LT, EXP_MIN));
  }

  /** exp(x); 0 below -86.6. */
  static FloatVector exp(FloatVector x) {
    return expNegative(x.blend(EXP_MAX, x.compare(VectorOperators.GT, EXP_MAX)));
  }

  /** 1 / (1 + exp(-x)). */
  static FloatVector sigmoid(FloatVector x) {
    return ONE.div(exp(x.neg()).add(ONE));
  }

  /** x sigmoid(x). */
  static FloatVector silu(FloatVector x) {
    return x.div(exp(x.neg()).add(ONE));
  }

  /** tanh(x): a polynomial near 0, 1 - 2 / (exp(2 |x|) + 1) beyond. */
  static FloatVector tanh(FloatVector x) {
    FloatVector a = x.abs();
    FloatVector far = ONE.sub(TWO.div(exp(a.add(a)).add(ONE)));
    FloatVector signed = far.blend(far.neg(), x.compare(VectorOperators.LT, ZERO));
    FloatVector z = x.mul(x);
    FloatVector p = z.fma(T11, T9);
    p = p.fma(z, T7);
    p = p.fma(z, T5);
    p = p.fma(z, T3);
    FloatVector near = p.mul(z).fma(x, x);
    return signed.blend(near, a.compare(VectorOperators.LT, T_MAX));
  }

  /** x Phi(x), so that the left tail keeps its relative accuracy. */
  static FloatVector gelu(FloatVector x) {
    FloatVector a = x.abs();
    a = a.blend(G_MAX, a.compare(VectorOperators.GT, G_MAX)); // beyond, the tail is 0
    FloatVector t = ONE.div(a.fma(G_SCALE, ONE));
    FloatVector p = t.fma(G8, G7);
    p = p.fma(t, G6);
    p = p.fma(t, G5);
    p = p.fma(t, G4);
    p = p.fma(t, G3);
    p = p.fma(t, G2);
    p = p.fma(t, G1);
    p = p.fma(t, G0);
    // exp(-a^2 / 2) = exp(-h / 2) (1 - l / 2) where h + l is a^2 exactly.
    FloatVector h = a.mul(a);
    FloatVector l = a.fma(a, h.neg());
    FloatVector e = expNegative(h.mul(MINUS_HALF));
    e = e.mul(l.fma(MINUS_HALF, ONE));
    FloatVector tail = p.mul(t).mul(e).mul(x);
    return tail.blend(x.sub(tail), x.compare(VectorOperators.GE, ZERO));
  }

  /** x/2 (1 + tanh u), u = sqrt(2/pi) (x + 0.044715 x^3), as x sigmoid(2u). */
  static FloatVector geluTanh(FloatVector x) {
    FloatVector cubic = x.mul(x).fma(CUBIC, ONE).mul(x);
    return x.div(exp(cubic.mul(CUBIC_SCALE)).add(ONE));
  }

  static FloatVector relu(FloatVector x) {
    return x.blend(ZERO, x.compare(VectorOperators.LT, ZERO));
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
