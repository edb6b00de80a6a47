// Packed weights of the GPU families: strips of 32 rows of w [n, k]. Work-items take a row each, and what neighbouring
// rows hold of one thing lies side by side, so that neighbouring items read neighbouring pieces of 16 bytes. k runs in
// groups of 32 (plain types are padded with zeros); the last strip is padded with zero rows.
//
//   F32              for each group 8 pieces [32 rows] of 4 values
//   F16, BF16        for each group 4 pieces [32] of 8 values
//   Q8_0             for each group d [32] F16, 2 pieces [32] of 16 quants
//   Q4_0, Q5_0       for each group d [32] F16, the fifth bits, a piece [32]
//   Q4_1, Q5_1       for each group (d, m) [32] F16, the fifth bits, a piece [32]
//   Q4_K, Q5_K       for each 256 k (d, dmin) [32] F16, then for each group (scale, min) [32] as bytes, the fifth bits, a piece [32]
//   Q6_K             for each 256 k d [32] F16, then for each group (scale, scale) [32] as bytes, the upper bits, a piece [32]
//
// Quants of a row and group, q(c) without its offset:
//   a piece          byte j: bits 0 to 3 are q(j), bits 4 to 7 are q(j + 16); Q8_0: q(j)
//   fifth bits       uint: bit u of byte i is of q(4u + i)
//   bits 5 and 6     uint2: bits 2u and 2u + 1 of byte i of word v are of q(16v + 4u + i)
// So four weights are a word of bytes after a shift and a mask or two.
#include "weighttypes.cl"

#if TYPE == IS_F32
#define PIECE_K 4 // weights of a piece
#elif TYPE <= IS_BF16
#define PIECE_K 8
#elif TYPE == IS_Q8_0
#define PIECE_K 16
#else
#define PIECE_K 32
#endif
#define PIECES (32 / PIECE_K) // of a row and group

#define GROUPS (TYPE >= IS_Q4_K ? 8 : 1) // under one head
#define HEAD_BYTES (TYPE == IS_Q6_K ? 64 : TYPE >= IS_Q4_K ? 128 : 0)
#define SCALE_BYTES (TYPE <= IS_BF16 ? 0 : TYPE == IS_Q4_1 || TYPE == IS_Q5_1 ? 128 : 64)
#define HIGH_BYTES (TYPE == IS_Q6_K ? 256 : TYPE == IS_Q5_0 || TYPE == IS_Q5_1 || TYPE == IS_Q5_K ? 128 : 0)
#define GROUP_BYTES (SCALE_BYTES + HIGH_BYTES + PIECES * 512)

// Bytes from one head to the next, and of a strip of k columns: all multiples of 64.
#define HEAD_STRIDE (HEAD_BYTES + GROUPS * GROUP_BYTES)
#define STRIP_BYTES(k) ((long)(((k) + 32 * GROUPS - 1) / (32 * GROUPS)) * HEAD_STRIDE)

// Where the head above group g and the group itself begin in a strip.
#define HEAD_AT(g) ((long)((g) / GROUPS) * HEAD_STRIDE)
#define GROUP_AT(g) (HEAD_AT(g) + HEAD_BYTES + (long)((g) % GROUPS) * GROUP_BYTES)

// A piece of a row as it lies in memory, with what its weights are made of.
typedef struct {
  uint4 quants;
  uint2 high;   // upper bits
  float2 scale; // of the group; Q6_K: of both halves
  float least;  // Q4_1, Q5_1: m; Q4_K, Q5_K: dmin * min
} Piece;

#ifdef FP16
INLINE float4 floats_of_halves(uint2 bits) { return floats_of_half4(as_half4(bits)); }
#else
INLINE float4 floats_of_halves(uint2 bits) {
  ushort h[4];
  vstore4(as_ushort4(bits), 0, h);
  const half *p = (const half *)h;
  return (float4)(vload_half(0, p), vload_half(1, p), vload_half(2, p), vload_half(3, p));
}
#endif

// Piece `piece` of group `group` of row `row` of a strip.
INLINE Piece load_piece(GLOBAL const uchar *strip, int group, int piece, int row) {
  GLOBAL const uchar *at = strip + GROUP_AT(group);
  Piece p;
  p.quants = ((GLOBAL const uint4 *)(at + SCALE_BYTES + HIGH_BYTES))[32 * piece + row];
  p.high = (uint2)(0);
#if HIGH_BYTES == 128
  p.high.x = ((GLOBAL const uint *)(at + SCALE_BYTES))[row];
#elif HIGH_BYTES == 256
  p.high = ((GLOBAL const uint2 *)(at + SCALE_BYTES))[row];
#endif
  p.scale = (float2)(0.0f);
  p.least = 0.0f;
#if TYPE == IS_Q4_K || TYPE == IS_Q5_K
  float2 d = floats_of_halves((uint2)(((GLOBAL const uint *)(strip + HEAD_AT(group)))[row], 0)).lo;
  uchar2 s = ((GLOBAL const uchar2 *)at)[row];
  p.scale.x = d.x * (float)s.x;
  p.least = d.y * (float)s.y;
#elif TYPE == IS_Q6_K
  float d = vload_half(row, (GLOBAL const half *)(strip + HEAD_AT(group)));
  char2 s = ((GLOBAL const char2 *)at)[row];
  p.scale = (float2)(d * (float)s.x, d * (float)s.y);
#elif TYPE == IS_Q4_1 || TYPE == IS_Q5_1
  float2 d = floats_of_halves((uint2)(((GLOBAL const uint *)at)[row], 0)).lo;
  p.scale.x = d.x;
  p.least = d.y;
#elif TYPE >= IS_Q8_0
  p.scale.x = vload_half(row, (GLOBAL const half *)at);
#endif
  return p;
}

INLINE uint word_of(uint4 v, int i) { return i == 0 ? v.x : i == 1 ? v.y : i == 2 ? v.z : v.w; }

// Weights 4 u to 4 u + 3 of a piece, with the bits of their definition. u is a constant once loops are unrolled.
INLINE float4 piece_weights(Piece p, int u) {
#if TYPE == IS_F32
  return as_float4(p.quants);
#elif TYPE == IS_F16
  return floats_of_halves(u == 0 ? p.quants.lo : p.quants.hi);
#elif TYPE == IS_BF16
  uint2 pairs = u == 0 ? p.quants.lo : p.quants.hi;
  return as_float4((uint4)(pairs.x << 16, pairs.x & 0xffff0000u, pairs.y << 16, pairs.y & 0xffff0000u));
#elif TYPE == IS_Q8_0
  return convert_float4(as_char4(word_of(p.quants, u))) * p.scale.x;
#else
  uint bits = word_of(p.quants, u % 4) >> (u / 4 * 4) & 0x0f0f0f0fu;
#if HIGH_BYTES == 128
  bits |= (p.high.x >> u & 0x01010101u) << 4;
#elif HIGH_BYTES == 256
  bits |= ((u < 4 ? p.high.x : p.high.y) >> (u % 4 * 2) & 0x03030303u) << 4;
#endif
  float4 q = convert_float4(as_uchar4(bits));
#if TYPE == IS_Q4_0
  return (q - 8.0f) * p.scale.x;
#elif TYPE == IS_Q5_0
  return (q - 16.0f) * p.scale.x;
#elif TYPE == IS_Q4_1 || TYPE == IS_Q5_1
  return q * p.scale.x + p.least;
#elif TYPE == IS_Q6_K
  return (u < 4 ? p.scale.x : p.scale.y) * (q - 32.0f);
#else
  return p.scale.x * q - p.least;
#endif
#endif
}
