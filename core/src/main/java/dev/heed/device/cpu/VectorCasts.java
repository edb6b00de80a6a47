package dev.heed.device.cpu;

import static dev.heed.device.cpu.VectorMath.I;
import static dev.heed.device.cpu.VectorMath.LANES;
import static dev.heed.device.cpu.VectorMath.store;

import dev.heed.tensor.DType;
import java.nio.ByteOrder;
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

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ScalarRows SCALAR = new ScalarRows();
  private static final int SIGN = 0x8000;
  private static final int INFINITY = 0x7f800000;

  private VectorCasts() {}

  /** LANES values of F16 from an address. */
  static FloatVector loadF16(long at) {
    IntVector h = loadShorts(at);
    IntVector sign = h.and(SIGN).lanewise(VectorOperators.LSHL, 16);
    // Exponent and mantissa in place, the exponent's bias still F16's: off by 127 - 15 = 112.
    IntVector bits = h.and(0x7fff).lanewise(VectorOperators.LSHL, 13);
    FloatVector value = bits.reinterpretAsFloats().mul(0x1p112f);
    IntVector exact = value.reinterpretAsInts();
    VectorMask<Integer> special = h.and(0x7c00).compare(VectorOperators.EQ, 0x7c00);
    exact = exact.blend(bits.or(INFINITY), special);
    return exact.or(sign).reinterpretAsFloats();
  }

  /** LANES values of BF16 from an address. */
  static FloatVector loadBF16(long at) {
    return loadShorts(at).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  private static IntVector loadShorts(long at) {
    return (IntVector)
        ShortVector.fromMemorySegment(S, Memory.ALL, at, ORDER)
            .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
  }

  static void storeF16(FloatVector v, long at) {
    IntVector bits = v.reinterpretAsInts();
    IntVector sign = bits.lanewise(VectorOperators.LSHR, 16).and(SIGN);
    IntVector a = bits.and(0x7fffffff);
    IntVector odd = a.lanewise(VectorOperators.LSHR, 13).and(1);
    IntVector normal = a.add(odd).add(0xfff - (112 << 23)).lanewise(VectorOperators.LSHR, 13);
    // 0.5 has its last place at 2^-24, the unit of F16's subnormals: the sum rounds to it.
    IntVector small = a.reinterpretAsFloats().add(0.5f).reinterpretAsInts().sub(0x3f000000);
    IntVector nan = a.lanewise(VectorOperators.LSHR, 13).and(0x3ff).or(0x7e00);
    IntVector h = normal.blend(small, a.compare(VectorOperators.LT, 0x38800000));
    h = h.blend(0x7c00, a.compare(VectorOperators.GE, 0x47800000));
    h = h.blend(nan, a.compare(VectorOperators.GT, INFINITY));
    storeShorts(h.or(sign), at);
  }

  static void storeBF16(FloatVector v, long at) {
    IntVector bits = v.reinterpretAsInts();
    IntVector high = bits.lanewise(VectorOperators.LSHR, 16);
    IntVector rounded = bits.add(high.and(1)).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
    VectorMask<Integer> nan = bits.and(0x7fffffff).compare(VectorOperators.GT, INFINITY);
    storeShorts(rounded.blend(high.or(64), nan), at);
  }

  private static void storeShorts(IntVector v, long at) {
    ((ShortVector) v.convertShape(VectorOperators.I2S, S, 0))
        .intoMemorySegment(Memory.ALL, at, ORDER);
  }

  static void toFloat(DType from, long out, long in, long n) {
    long whole = n & -LANES;
    switch (from) {
      case F16 -> {
        for (long i = 0; i < whole; i += LANES) {
          store(loadF16(in + 2 * i), out + 4 * i);
        }
      }
      case BF16 -> {
        for (long i = 0; i < whole; i += LANES) {
          store(loadBF16(in + 2 * i), out + 4 * i);
        }
      }
      case I32 -> {
        for (long i = 0; i < whole; i += LANES) {
          IntVector v = IntVector.fromMemorySegment(I, Memory.ALL, in + 4 * i, ORDER);
          store((FloatVector) v.convert(VectorOperators.I2F, 0), out + 4 * i);
        }
      }
      default -> whole = 0;
    }
    if (whole < n) {
      SCALAR.toFloat(from, out + 4 * whole, in + from.bytes(whole), n - whole);
    }
  }

  static void fromFloat(DType to, long out, long in, long n) {
    long whole = n & -LANES;
    if (to == DType.F16) {
      for (long i = 0; i < whole; i += LANES) {
        storeF16(VectorMath.load(in + 4 * i), out + 2 * i);
      }
    } else {
      for (long i = 0; i < whole; i += LANES) {
        storeBF16(VectorMath.load(in + 4 * i), out + 2 * i);
      }
    }
    SCALAR.fromFloat(to, out + 2 * whole, in + 4 * whole, n - whole);
  }
}
