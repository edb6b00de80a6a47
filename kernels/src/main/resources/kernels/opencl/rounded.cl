// Rows of x rounded to Q8_0 times groups of packed quants: what matmulrounded.cl and matvecrounded.cl share, so that a row
// alone has the bits it has in a tile.
//
// Quants are multiplied and added as integers, without error. Those of w are taken as they lie, without their sign:
//   group's part of a sum = scale d (q x - OFFSET (1 x)) + least d (1 x),  d the scale of x's block
// with the least of types that have a minimum; of the others OFFSET takes it off.
//
// A lane of dot.cl has 4 neighbouring k as bytes in one word, or as numbers of 16 bits in two, the first and the third in one
// and the second and the fourth in the other: WORDS.
#include "panelproduct.cl"
#include "dot.cl"

#define BLOCK_K 32 // of x
#define BLOCK_BYTES 34
#define PART_K (GROUP_K / PARTS)
#define HAS_MIN (TYPE == IS_Q4_1 || TYPE == IS_Q5_1 || TYPE == IS_Q4_K || TYPE == IS_Q5_K)
#define OFFSET (HAS_MIN ? 0 : TYPE == IS_Q8_0 ? 128 : 8 << HIGH_BITS)

// Word `word` of 8 columns' 4 quants.
INLINE uint8 word_of_w(uint8 bytes, int word) {
  return WORDS == 1 ? bytes : (word ? bytes >> 8 : bytes) & 0x00ff00ffu;
}

// The words of a block of x; its sums of 4 neighbours.
INLINE int8 split_x(int8 *words, GLOBAL const char *quants) {
  int8 bytes;
  ((char16 *)&bytes)[0] = vload16(0, quants);
  ((char16 *)&bytes)[1] = vload16(1, quants);
#if WORDS == 1
  words[0] = bytes;
  return DOT((int8)(0), (uint8)(0x01010101u), bytes);
#else
  words[0] = as_int8(as_short16(bytes << 8) >> (short16)(8));
  words[1] = as_int8(as_short16(bytes) >> (short16)(8));
  return DOT(DOT((int8)(0), (uint8)(0x00010001u), words[0]), (uint8)(0x00010001u), words[1]);
#endif
}

// Sum of part `part` of a block out of its sums of 4 neighbours.
INLINE int part_sum(const int *fours, int part) {
  int sum = 0;
#pragma unroll
  for (int i = 0; i < PART_K / 4; i++) {
    sum += fours[part * (PART_K / 4) + i];
  }
  return sum;
}

// What the sum (1 x) of a part adds: to the integers a product begins with, or, times d, to its end.
#if HAS_MIN
#define TERM float
#define TERM_OF(sum, d) ((float)(sum) * (d))
#define START(term) ((int8)(0))
#define LEAST(least, term, sum) fma(least, (float8)(term), sum)
#else
#define TERM int
#define TERM_OF(sum, d) (-OFFSET * (sum))
#define START(term) ((int8)(term))
#define LEAST(least, term, sum) (sum)
#endif

// sum + a part's product, of 8 columns.
#define ADD_PART(sum, product, scale, d, least, term)                                                                  \
  fma(scale, convert_float8(product) * (float8)(d), LEAST(least, term, sum))

// Four neighbouring k, from 4j on, of columns 8c to 8c + 7 of a group: a byte each, without sign.
INLINE uint8 bytes_of_w(GLOBAL const uchar *group, int j, int c) {
  GLOBAL const uint *p = (GLOBAL const uint *)(group + SCALE_BYTES);
#if TYPE == IS_Q8_0
  return vload8(4 * j + c, p) ^ 0x80808080u;
#else
  uint8 low = vload8(2 * j + c % 2, p + HIGH_BYTES / 4) >> (uint8)(c / 2 * 4) & 0x0f0f0f0fu;
#if HIGH_BYTES > 0
  int right = HIGH_BITS * (j % HIGH_SHARE) + c / 2 * 4;
  uint8 high = rotate(vload8(2 * (j / HIGH_SHARE) + c % 2, p), (uint8)((32 - right) % 32));
  low |= high & HIGH_MASK * 0x10101010u;
#endif
  return low;
#endif
}

// Scales, and leasts behind them, of a part: 4 times 8 columns each.
INLINE void scales_of(float16 *scales, GLOBAL const uchar *head, GLOBAL const uchar *group, int part) {
  for (int half_ = 0; half_ < 2; half_++) {
    scales[half_] = scale_of(head, group, part, half_);
#if HAS_MIN
    scales[2 + half_] = least_of(head, group, scales[half_], half_);
#endif
  }
}
