// Block floating point: 32 neighbouring k of a row of x or of w as integers of 13 bits and a sign, and one scale.
//
//   most = max |v| of a block, at least LEAST;  d = most / LARGEST, of w the next number of 8 bits above;  q = v / d to nearest
//   block's part of a sum = d of w (d of x (q of w) (q of x))
//
// 32 products of such integers add up to less than 2^31, so the sum over a block is exact, in whatever order. A block that
// holds an infinity or a NaN has a d that is none either, and its sums are NaN. Where k ends within a block, zeros follow.
//
// w [n, k] lies in panels of 32 rows, the last one padded with zero rows: for each block d [32], the upper half of an F32, then
// int [16][32]: quants 2j and 2j + 1 of row r are the lower and the upper half of [j][r].
//
// x [m, k] as products of many rows read it, with one row more where m is odd: quants as pairs [blocks][rows][16], and behind
// all of them d [blocks][rows] in F32.
//
// Of both roundings together the normalised mean square error is 1.4e-8 for normal numbers, that of x rounded to F16 alone 4.4e-8;
// it grows with a block's largest number.
#include "common.cl"
#include "blocks.cl"

#define BLOCK_K 32
#define BLOCKS_OF(k) (((k) + BLOCK_K - 1) / BLOCK_K)
#define PAIRS (BLOCK_K / 2)
#define LARGEST 8191.0f
#define LEAST 0x1p-112f // its d and LARGEST / LEAST are normal numbers
#define W_BLOCK_BYTES (64 + PAIRS * 128)
#define W_PANEL_BYTES(k) ((long)BLOCKS_OF(k) * W_BLOCK_BYTES)

// max |v| of a block, at least LEAST; a NaN is the most.
INLINE float most_of(float16 a, float16 b) {
  int16 bits = max(as_int16(a) & 0x7fffffff, as_int16(b) & 0x7fffffff);
  int8 of_8 = max(bits.lo, UPPER_8(int8, bits));
  int4 of_4 = max(of_8.lo, of_8.hi);
  int2 of_2 = max(of_4.lo, of_4.hi);
  return as_float(max(max(of_2.x, of_2.y), as_int((float)(LEAST))));
}

// 16 quants: the lower bits of v / d where that is added to a number whose last bit is 1.
INLINE short16 quants_of(float16 v, float inverse) {
  return convert_short16(as_int16(fma(v, (float16)(inverse), (float16)(0x1.8p23f))));
}

#ifdef X
// A block of a row of x from element `at` on, of which `there` are k: 32 quants and d.
INLINE float round_x(short16 *quants, GLOBAL const uchar *x, long at, int there) {
  float16 a, b;
  if (there == BLOCK_K) {
    a = LOAD16(X, x, at);
    b = LOAD16(X, x, at + 16);
  } else {
    LOAD_UP_TO_16(X, x, at, min(there, 16), a)
    LOAD_UP_TO_16(X, x, at + 16, there - 16, b)
  }
  float most = most_of(a, b);
  quants[0] = quants_of(a, LARGEST / most);
  quants[1] = quants_of(b, LARGEST / most);
  return most * (1.0f / LARGEST);
}
#endif
