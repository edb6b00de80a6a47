// F16 compute: products of pairs of halves with sums in F32.
//
// A pair is a word of 32 bits, its first half in the lower 16. dot2(a, b, sum) is sum + a.lo b.lo + a.hi b.hi; a product of two
// halves has 22 bits, so that F32 has it exactly, and only sums are rounded. By what means, where HAS_FP16 is 1:
//   AMD        v_dot2_f32_f16 (gfx906, gfx908 and later, RDNA 2 and later, gfx1011, gfx1012): two FMAs an instruction, twice the
//              arithmetic of F32
//   others     fma of the halves as F32, which has the arithmetic of F32 where converting is part of the instruction (Intel,
//              Mali), and half the traffic of registers and local memory everywhere
//   emulated   the same from integers, for drivers without halves: to test the kernels on them (FP16_EMULATED)
//
// Why sums are not of halves. fma of half2 has twice the arithmetic of F32, but every `length` of them need a conversion and an
// addition in F32, so that a product costs 1/2 + 1/length of F32's fma, and each step rounds to 11 bits. Over 2048 k of normal
// values:
//   length     NMSE, out in F32     out in F16     cost
//   1          4.2e-8               8.3e-8         1.5
//   2          6.2e-8               1.0e-7         1
//   4          9.7e-8               1.4e-7         0.75
//   8          1.8e-7               2.3e-7         0.63
// What is allowed is 1e-7, out in F16 included: of lengths that cost less than F32, none stays below it.
#include "types.cl"

#if defined(FP16) || defined(FP16_EMULATED)
#define HAS_FP16 1
#else
#define HAS_FP16 0
#endif

// The bits of half i.
#define HALF_BITS(p, i) (((GLOBAL const ushort *)(p))[i])
#define PAIR(lo, hi) ((uint)(lo) | (uint)(hi) << 16)

#if defined(FP16) && defined(__has_builtin)
#if __has_builtin(__builtin_amdgcn_fdot2) // no, where the processor has not the instruction
#define AMD_DOT2
#endif
#endif

#if HAS_FP16 && !defined(AMD_DOT2)
#ifdef FP16
INLINE float low_half(uint pair) { return as_half2(pair).x; }
INLINE float high_half(uint pair) { return as_half2(pair).y; }
INLINE float4 low_halves(uint4 pairs) { return floats_of_half4(as_half8(pairs).even); }
INLINE float4 high_halves(uint4 pairs) { return floats_of_half4(as_half8(pairs).odd); }
#else
// Multiplying by 2^112 moves the exponent's bias and makes subnormal numbers normal ones, exactly; an exponent of all ones
// stays one.
#define FLOATS_OF_BITS(T, TO, bits)                                                                                    \
  as_##TO(as_##T(as_##TO((bits & 0x7fffu) << 13) * 0x1p112f) | ((bits & 0x7fffu) + 0x400u & 0x8000u) * 0xff00u |       \
          (bits & 0x8000u) << 16)
INLINE float low_half(uint pair) { return FLOATS_OF_BITS(uint, float, pair); }
INLINE float high_half(uint pair) { return low_half(pair >> 16); }
INLINE float4 low_halves(uint4 pairs) { return FLOATS_OF_BITS(uint4, float4, pairs); }
INLINE float4 high_halves(uint4 pairs) { return low_halves(pairs >> 16); }
#endif
#endif

#if HAS_FP16
INLINE float dot2(uint a, uint b, float sum) {
#ifdef AMD_DOT2
  return __builtin_amdgcn_fdot2(as_half2(a), as_half2(b), sum, false);
#else
  return fma(high_half(a), high_half(b), fma(low_half(a), low_half(b), sum));
#endif
}

// One pair times four.
INLINE float4 dot2_4(uint a, uint4 b, float4 sums) {
#ifdef AMD_DOT2
  return (float4)(dot2(a, b.x, sums.x), dot2(a, b.y, sums.y), dot2(a, b.z, sums.z), dot2(a, b.w, sums.w));
#else
  return fma((float4)(high_half(a)), high_halves(b), fma((float4)(low_half(a)), low_halves(b), sums));
#endif
}

// Words in local memory and among subgroups are floats: a pair goes there as the float of its bits. That of halves c and c + 1 of
// those at `at`, zeros from k on.
INLINE float pair_at(GLOBAL const uchar *p, long at, int c, int k) {
  uint lo = c < k ? HALF_BITS(p, at + c) : 0;
  uint hi = c + 1 < k ? HALF_BITS(p, at + c + 1) : 0;
  return as_float(PAIR(lo, hi));
}

// Two numbers rounded to nearest even.
INLINE float rounded_pair(float lo, float hi) {
#ifdef FP16
  return as_float((half2)((half)lo, (half)hi));
#else
  ushort h[2];
  vstore_half_rte(lo, 0, (half *)h);
  vstore_half_rte(hi, 1, (half *)h);
  return as_float(PAIR(h[0], h[1]));
#endif
}
#endif
