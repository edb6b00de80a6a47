// Packed weights of the CPU family: panels of 32 rows of w [n, k], with k running inside, so that at each k the values of
// all rows of a panel lie together, as two vectors of 16. The last panel is padded with zero rows.
//
//   F32, F16, BF16   for each k 32 values
//   Q4_0 .. Q8_0     for each group of 32 k: d [32] F16, Q4_1 and Q5_1: m [32] F16, quants
//   Q4_K, Q5_K       for each 256 k: d [32] F16, dmin [32] F16, then for each group of 32 k: scale [32] and min [32] as
//                    bytes, quants
//   Q6_K             for each 256 k: d [32] F16, then for each group of 32 k: scale [2][32] as bytes, quants
//
// Quants of a group, r a row below 16, q(k, r) without offset:
//   4 bits           uint [8][16]: bits 8i.. of word [j][r] are q(4j + i, r), bits 8i + 4.. are q(4j + i, r + 16)
//   higher bits      before them, b = 1 or 2 of each, uint [2b][16]; 4 / b neighbouring words [j][r] above share one: its
//                    bits, rotated to the right by b * (j % (4 / b)), lie above the words' own bits, 8i + 4.. and 8i + 8..
//   8 bits           char [8][32][4]: q(4j + i, r) is byte i of [j][r]
//
// A group's part of a sum is scale * (q x) + least * (1 x), summed over its k: with the scale d, d * scale; the least
// -8d, -16d, m, -dmin * min, or for both halves of a group of Q6_K -32d * scale.

#include "weighttypes.cl"

#if TYPE <= IS_BF16
#define PLAIN
#define GROUP_K 1 // k of a group
#define GROUP_BYTES (TYPE == IS_F32 ? 128 : 64)
#define GROUPS 1 // groups under one head
#define HEAD_BYTES 0
#else
#define GROUP_K 32
#define GROUPS (TYPE >= IS_Q4_K ? 8 : 1)
#define HEAD_BYTES (TYPE == IS_Q6_K ? 64 : TYPE >= IS_Q4_K ? 128 : 0)
#define SCALE_BYTES (TYPE == IS_Q4_1 || TYPE == IS_Q5_1 ? 128 : 64)
#define HIGH_BYTES (TYPE == IS_Q6_K ? 256 : TYPE == IS_Q5_0 || TYPE == IS_Q5_1 || TYPE == IS_Q5_K ? 128 : 0)
#define HIGH_BITS (HIGH_BYTES / 128) // of a quant above its 4 lower ones
#define QUANT_BYTES (TYPE == IS_Q8_0 ? 1024 : 512)
#define GROUP_BYTES (SCALE_BYTES + HIGH_BYTES + QUANT_BYTES)
#endif

// Whether sums of x are part of a group's result.
#define HAS_LEAST (TYPE != IS_Q8_0)
// Sums with scales of their own in a group.
#define PARTS (TYPE == IS_Q6_K ? 2 : 1)

// Bytes from one head to the next, and of a panel of k columns.
#define HEAD_STRIDE (HEAD_BYTES + GROUPS * GROUP_BYTES)
#define PANEL_BYTES(k) ((long)(k) / (GROUP_K * GROUPS) * HEAD_STRIDE)

// Where the head above group g and the group itself begin in a panel.
#define HEAD_AT(g) ((long)((g) / GROUPS) * HEAD_STRIDE)
#define GROUP_AT(g) (HEAD_AT(g) + HEAD_BYTES + (long)((g) % GROUPS) * GROUP_BYTES)

#if !defined(PLAIN) && HIGH_BYTES > 0
#define HIGH_SHARE (4 / HIGH_BITS) // words of lower bits that share a word of higher ones
#define HIGH_MASK ((1u << HIGH_BITS) - 1)
// Where the higher bits of column c and row r lie in a group: the word, and the bit in it.
#define HIGH_WORD(c, r) (16 * ((c) / 4 / HIGH_SHARE) + (r) % 16)
#define HIGH_BIT(c, r) ((8 * ((c) % 4) + (r) / 16 * 4 + 4 + HIGH_BITS * ((c) / 4 % HIGH_SHARE)) % 32)

// The higher bits that go with word j of the lower ones, above those bits.
INLINE uint16 high_words(GLOBAL const uchar *p, int j) {
  return rotate(vload16(j / HIGH_SHARE, (GLOBAL const uint *)p), (uint16)((32 - HIGH_BITS * (j % HIGH_SHARE)) % 32));
}
#endif

#ifndef PLAIN
INLINE float16 halves(GLOBAL const uchar *p, int i) { return vload_half16(i, (GLOBAL const half *)p); }

// Scale and least of part `part` of a group, for rows 16 half to 16 half + 15.
INLINE float16 scale_of(GLOBAL const uchar *head, GLOBAL const uchar *group, int part, int half_) {
#if TYPE == IS_Q4_K || TYPE == IS_Q5_K
  return halves(head, half_) * convert_float16(vload16(half_, group));
#elif TYPE == IS_Q6_K
  return halves(head, half_) * convert_float16(vload16(2 * part + half_, (GLOBAL const char *)group));
#else
  return halves(group, half_);
#endif
}

INLINE float16 least_of(GLOBAL const uchar *head, GLOBAL const uchar *group, float16 scale, int half_) {
#if TYPE == IS_Q4_K || TYPE == IS_Q5_K
  return -(halves(head, 2 + half_) * convert_float16(vload16(2 + half_, group)));
#elif TYPE == IS_Q4_1 || TYPE == IS_Q5_1
  return halves(group, 2 + half_);
#elif TYPE == IS_Q6_K
  return scale * -32.0f;
#elif TYPE == IS_Q5_0
  return scale * -16.0f;
#else
  return scale * -8.0f;
#endif
}

// Quant of column c and row r of a group, without its offset; of Q8_0 its bits.
INLINE uint quant_at(GLOBAL const uchar *group, int c, int r) {
#if TYPE == IS_Q8_0
  return group[SCALE_BYTES + 128 * (c / 4) + 4 * r + c % 4];
#else
  GLOBAL const uint *high = (GLOBAL const uint *)(group + SCALE_BYTES);
  GLOBAL const uint *low = (GLOBAL const uint *)(group + SCALE_BYTES + HIGH_BYTES);
  uint q = low[16 * (c / 4) + r % 16] >> (8 * (c % 4) + r / 16 * 4) & 15;
#if HIGH_BYTES > 0
  q |= (high[HIGH_WORD(c, r)] >> HIGH_BIT(c, r) & HIGH_MASK) << 4;
#endif
  return q;
#endif
}
#endif
