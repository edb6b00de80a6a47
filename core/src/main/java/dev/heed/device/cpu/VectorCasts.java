package dev.heed.device.cpu;

import static dev.heed.device.cpu.VectorMath.I;
import static dev.heed.device.cpu.VectorMath.LANES;
import static dev.heed.device.cpu.VectorMath.store;

import dev.heed.tensor.DType;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Conversion between F32 and the plain types; bits as the scalar conversions give them. */
final class VectorCasts {
  /** Shorts, as many as a vector has floats. */
  static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(Math.max(64, 16 * LANES)));

  /** Bytes, as many, if that is a vector. */
  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * LANES)));

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ScalarRows SCALAR = new ScalarRows(LANES);

  // Constants are vectors already: as broadcasts they would use up what the compiler inlines.
  private static final IntVector SIGN_32 = IntVector.broadcast(I, 0x80000000);
  private static final IntVector SIGN_16 = IntVector.broadcast(I, 0x8000);
  private static final IntVector NUMBER_32 = IntVector.broadcast(I, 0x7fffffff);
  private static final IntVector NUMBER_16 = IntVector.broadcast(I, 0x7fff << 13);
  private static final IntVector INFINITY_32 = IntVector.broadcast(I, 0x7f800000);
  private static final IntVector INFINITY_16 = IntVector.broadcast(I, 0x7c00);
  private static final IntVector NAN_16 = IntVector.broadcast(I, 0x7e00);
  private static final IntVector FRACTION_16 = IntVector.broadcast(I, 0x3ff);

  /** What an F16's exponent and fraction in an F32's place are too small by: 2^(127 - 15). */
  private static final FloatVector BIAS = VectorMath.of(0x1p112f);

  /** Where F16 ends. */
  private static final FloatVector END_16 = VectorMath.of(0x1p16f);

  private static final IntVector END_16_BITS = IntVector.broadcast(I, 0x47800000);

  /** Where F16's normal numbers begin: 2^-14. */
  private static final IntVector NORMAL_16_BITS = IntVector.broadcast(I, 0x38800000);

  private static final IntVector ONE = IntVector.broadcast(I, 1);
  private static final IntVector REBIAS = IntVector.broadcast(I, 0xfff - (112 << 23));
  private static final FloatVector HALF = VectorMath.of(0.5f);
  private static final IntVector HALF_BITS = IntVector.broadcast(I, 0x3f000000);
  private static final IntVector BELOW_HALF_BITS =
      IntVector.broadcast(I, Float.floatToRawIntBits(ActivationBlocks.HALF));
  private static final IntVector ROUND_BF16 = IntVector.broadcast(I, 0x7fff);
  private static final IntVector QUIET_BF16 = IntVector.broadcast(I, 64);

  private VectorCasts() {}

  /** LANES values of 16 bits from an address, their signs extended. */
  private static IntVector loadShorts(long at) {
    return (IntVector)
        ShortVector.fromMemorySegment(S, Memory.ALL, at, ORDER)
            .convertShape(VectorOperators.S2I, I, 0);
  }

  private static void storeShorts(IntVector v, long at) {
    ((ShortVector) v.convertShape(VectorOperators.I2S, S, 0))
        .intoMemorySegment(Memory.ALL, at, ORDER);
  }

  /** F16 to F32. */
  static float fromF16(long out, long in, long n, float unused) {
    for (long i = 0; i < n; i += LANES) {
      IntVector h = loadShorts(in + 2 * i);
      FloatVector value =
          h.lanewise(VectorOperators.LSHL, 13).and(NUMBER_16).reinterpretAsFloats().mul(BIAS);
      IntVector bits = value.reinterpretAsInts();
      // Infinities and NaNs came out as 2^16 and more.
      VectorMask<Integer> special = value.compare(VectorOperators.GE, END_16).cast(I);
      bits = bits.blend(bits.or(INFINITY_32), special);
      store(bits.or(h.and(SIGN_32)).reinterpretAsFloats(), out + 4 * i);
    }
    return 0;
  }

  /** BF16 to F32. */
  static float fromBF16(long out, long in, long n, float unused) {
    for (long i = 0; i < n; i += LANES) {
      IntVector h = loadShorts(in + 2 * i);
      store(h.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), out + 4 * i);
    }
    return 0;
  }

  /** I32 to F32. */
  static float fromI32(long out, long in, long n, float unused) {
    for (long i = 0; i < n; i += LANES) {
      IntVector v = IntVector.fromMemorySegment(I, Memory.ALL, in + 4 * i, ORDER);
      store((FloatVector) v.convert(VectorOperators.I2F, 0), out + 4 * i);
    }
    return 0;
  }

  /** F32 to F16, to nearest even. */
  static float toF16(long out, long in, long n, float unused) {
    for (long i = 0; i < n; i += LANES) {
      IntVector v = IntVector.fromMemorySegment(I, Memory.ALL, in + 4 * i, ORDER);
      IntVector a = v.and(NUMBER_32);
      IntVector high = a.lanewise(VectorOperators.LSHR, 13);
      IntVector h = a.add(high.and(ONE)).add(REBIAS).lanewise(VectorOperators.LSHR, 13);
      // 0.5 has its last place at 2^-24, the unit of F16's subnormals: the sum rounds to it.
      IntVector small = a.reinterpretAsFloats().add(HALF).reinterpretAsInts().sub(HALF_BITS);
      h = h.blend(small, a.compare(VectorOperators.LT, NORMAL_16_BITS));
      h = h.blend(INFINITY_16, a.compare(VectorOperators.GE, END_16_BITS));
      h = h.blend(high.and(FRACTION_16).or(NAN_16), a.compare(VectorOperators.GT, INFINITY_32));
      storeShorts(h.or(v.lanewise(VectorOperators.LSHR, 16).and(SIGN_16)), out + 2 * i);
    }
    return 0;
  }

  /** F32 to BF16, to nearest even. */
  static float toBF16(long out, long in, long n, float unused) {
    for (long i = 0; i < n; i += LANES) {
      IntVector v = IntVector.fromMemorySegment(I, Memory.ALL, in + 4 * i, ORDER);
      IntVector high = v.lanewise(VectorOperators.LSHR, 16);
      IntVector h = v.add(high.and(ONE)).add(ROUND_BF16).lanewise(VectorOperators.LSHR, 16);
      VectorMask<Integer> nan = v.and(NUMBER_32).compare(VectorOperators.GT, INFINITY_32);
      storeShorts(h.blend(high.or(QUIET_BF16), nan), out + 2 * i);
    }
    return 0;
  }

  /** F32 to blocks of Q8_0, as {@link ActivationBlocks#round}. */
  static float toQ8(long out, long in, long n, float unused) {
    for (long i = 0; i < n; i += ActivationBlocks.SIZE) {
      long from = in + 4 * i;
      IntVector most = IntVector.fromMemorySegment(I, Memory.ALL, from, ORDER).and(NUMBER_32);
      for (int j = LANES; j < ActivationBlocks.SIZE; j += LANES) {
        IntVector x = IntVector.fromMemorySegment(I, Memory.ALL, from + 4 * j, ORDER);
        most = most.max(x.and(NUMBER_32)); // as bits, so that a NaN is the most
      }
      float d = Float.intBitsToFloat(most.reduceLanes(VectorOperators.MAX)) / 127;
      long to = out + i / ActivationBlocks.SIZE * ActivationBlocks.BYTES;
      Memory.i16(to, Float.floatToFloat16(d));
      FloatVector inverse = VectorMath.of(d == 0 ? 0 : 1 / d);
      for (int j = 0; j < ActivationBlocks.SIZE; j += LANES) {
        FloatVector v = VectorMath.load(from + 4 * j).mul(inverse);
        IntVector half = v.reinterpretAsInts().and(SIGN_32).or(BELOW_HALF_BITS);
        IntVector q = (IntVector) v.add(half.reinterpretAsFloats()).convert(VectorOperators.F2I, 0);
        ((ByteVector) q.convertShape(VectorOperators.I2B, B, 0))
            .intoMemorySegment(Memory.ALL, to + 2 + j, ORDER);
      }
    }
    return 0;
  }

  static void toFloat(DType from, long out, long in, long n) {
    int loop =
        switch (from) {
          case F16 -> VectorLoops.FROM_F16;
          case BF16 -> VectorLoops.FROM_BF16;
          case I32 -> VectorLoops.FROM_I32;
          default -> -1;
        };
    long whole = loop < 0 ? 0 : n & -LANES;
    if (whole > 0) {
      VectorLoops.run(loop, out, in, whole, 0);
    }
    if (whole < n) {
      SCALAR.toFloat(from, out + 4 * whole, in + from.bytes(whole), n - whole);
    }
  }

  static void fromFloat(DType to, long out, long in, long n) {
    if (to == DType.Q8_0) {
      if (LANES >= 8) {
        VectorLoops.run(VectorLoops.TO_Q8, out, in, n, 0);
      } else {
        ActivationBlocks.round(out, in, n);
      }
      return;
    }
    long whole = n & -LANES;
    if (whole > 0) {
      VectorLoops.run(
          to == DType.F16 ? VectorLoops.TO_F16 : VectorLoops.TO_BF16, out, in, whole, 0);
    }
    SCALAR.fromFloat(to, out + 2 * whole, in + 4 * whole, n - whole);
  }
}
