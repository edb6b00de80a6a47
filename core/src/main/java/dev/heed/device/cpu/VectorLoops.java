package dev.heed.device.cpu;

import static dev.heed.device.cpu.VectorMath.BYTES;
import static dev.heed.device.cpu.VectorMath.F;
import static dev.heed.device.cpu.VectorMath.LANES;
import static dev.heed.device.cpu.VectorMath.load;
import static dev.heed.device.cpu.VectorMath.of;
import static dev.heed.device.cpu.VectorMath.store;

import dev.heed.op.Activation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Loops over whole vectors that are many operations long. All are called at one place, through an
 * array, so that the compiler compiles each by itself: inlined into a caller together they would
 * pass the limit of what it inlines, and vectors would become objects.
 */
final class VectorLoops {
  // Places in the array behind those of the activations.
  static final int EXP_SUM = Activation.values().length;
  static final int EXP_TOTAL = EXP_SUM + 1;
  static final int FROM_F16 = EXP_SUM + 2;
  static final int FROM_BF16 = EXP_SUM + 3;
  static final int FROM_I32 = EXP_SUM + 4;
  static final int TO_F16 = EXP_SUM + 5;
  static final int TO_BF16 = EXP_SUM + 6;
  static final int TO_Q8 = EXP_SUM + 7;

  private static final Loop[] LOOPS = {
    VectorLoops::scaled,
    VectorLoops::relu,
    VectorLoops::gelu,
    VectorLoops::geluTanh,
    VectorLoops::silu,
    VectorLoops::tanh,
    VectorLoops::sigmoid,
    VectorLoops::expSumLoop,
    VectorLoops::expTotalLoop,
    VectorCasts::fromF16,
    VectorCasts::fromBF16,
    VectorCasts::fromI32,
    VectorCasts::toF16,
    VectorCasts::toBF16,
    VectorCasts::toQ8,
  };

  /** A vector in memory for each thread, for rows that end within one. */
  private static final ThreadLocal<MemorySegment> PADDED =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(BYTES, 64));

  private VectorLoops() {}

  /** A loop over n elements, whole vectors of them. */
  private interface Loop {
    float run(long out, long in, long n, float x);
  }

  static float run(int loop, long out, long in, long n, float x) {
    return LOOPS[loop].run(out, in, n, x);
  }

  /** Runs a loop over n elements; a part of a vector is filled up with {@code filler}. */
  private static float padded(int loop, long out, long in, long n, float x, float filler) {
    long whole = n & -LANES;
    float sum = whole == 0 ? 0 : run(loop, out, in, whole, x);
    if (whole == n) {
      return sum;
    }
    VectorMask<Float> rest = F.indexInRange(0, n - whole);
    long pad = PADDED.get().address();
    store(of(filler).blend(load(in + 4 * whole, rest), rest), pad);
    float last = run(loop, pad, pad, LANES, x);
    if (out != 0) {
      store(load(pad), out + 4 * whole, rest);
    }
    return sum + last;
  }

  /** out = outScale * fn(inScale * in). */
  static void activate(Activation fn, long out, long in, long n, float inScale, float outScale) {
    long from = in;
    if (inScale != 1) {
      scale(out, in, n, inScale);
      from = out;
    }
    padded(fn.ordinal(), out, from, n, 1, 0);
    if (outScale != 1) {
      scale(out, out, n, outScale);
    }
  }

  private static void scale(long out, long in, long n, float factor) {
    padded(Activation.IDENTITY.ordinal(), out, in, n, factor, 0);
  }

  /** out = exp(x - shift); gives the sum. */
  static float expSum(long out, long x, float shift, long n) {
    return padded(EXP_SUM, out, x, n, shift, Float.NEGATIVE_INFINITY);
  }

  /** The sum of exp(x - shift). */
  static float expSum(long x, float shift, long n) {
    return padded(EXP_TOTAL, 0, x, n, shift, Float.NEGATIVE_INFINITY);
  }

  private static float expSumLoop(long out, long in, long n, float shift) {
    FloatVector sum = of(0);
    for (long i = 0; i < 4 * n; i += BYTES) {
      FloatVector e = VectorMath.expNegative(load(in + i).sub(shift));
      store(e, out + i);
      sum = sum.add(e);
    }
    return VectorMath.sum(sum);
  }

  private static float expTotalLoop(long unused, long in, long n, float shift) {
    FloatVector sum = of(0);
    for (long i = 0; i < 4 * n; i += BYTES) {
      sum = sum.add(VectorMath.expNegative(load(in + i).sub(shift)));
    }
    return VectorMath.sum(sum);
  }

  private static float scaled(long out, long in, long n, float factor) {
    for (long i = 0; i < 4 * n; i += BYTES) {
      store(load(in + i).mul(factor), out + i);
    }
    return 0;
  }

  private static float relu(long out, long in, long n, float unused) {
    for (long i = 0; i < 4 * n; i += BYTES) {
      store(VectorMath.relu(load(in + i)), out + i);
    }
    return 0;
  }

  private static float gelu(long out, long in, long n, float unused) {
    for (long i = 0; i < 4 * n; i += BYTES) {
      store(VectorMath.gelu(load(in + i)), out + i);
    }
    return 0;
  }

  private static float geluTanh(long out, long in, long n, float unused) {
    for (long i = 0; i < 4 * n; i += BYTES) {
      store(VectorMath.geluTanh(load(in + i)), out + i);
    }
    return 0;
  }

  private static float silu(long out, long in, long n, float unused) {
    for (long i = 0; i < 4 * n; i += BYTES) {
      store(VectorMath.silu(load(in + i)), out + i);
    }
    return 0;
  }

  private static float tanh(long out, long in, long n, float unused) {
    for (long i = 0; i < 4 * n; i += BYTES) {
      store(VectorMath.tanh(load(in + i)), out + i);
    }
    return 0;
  }

  private static float sigmoid(long out, long in, long n, float unused) {
    for (long i = 0; i < 4 * n; i += BYTES) {
      store(VectorMath.sigmoid(load(in + i)), out + i);
    }
    return 0;
  }
}
