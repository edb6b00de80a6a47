// Blocks as GGUF files have them, byte by byte: their quants, and the way back from a packed weight. What is packed under
// one head says how to read it: the four functions that end in _in.
#include "weighttypes.cl"

#if TYPE == IS_Q8_0
#define BLOCK_BYTES 34
#elif TYPE == IS_Q4_0
#define BLOCK_BYTES 18
#define NIBBLES_AT 2
#elif TYPE == IS_Q4_1
#define BLOCK_BYTES 20
#define NIBBLES_AT 4
#elif TYPE == IS_Q5_0
#define BLOCK_BYTES 22
#define NIBBLES_AT 6
#define FIFTH_AT 2
#elif TYPE == IS_Q5_1
#define BLOCK_BYTES 24
#define NIBBLES_AT 8
#define FIFTH_AT 4
#elif TYPE == IS_Q4_K
#define BLOCK_BYTES 144
#elif TYPE == IS_Q5_K
#define BLOCK_BYTES 176
#else
#define BLOCK_BYTES 210
#endif

// Quant e of a block, without its offset.
INLINE uint quant(GLOBAL const uchar *p, int e) {
#if TYPE == IS_Q8_0
  return p[2 + e];
#elif TYPE == IS_Q4_K || TYPE == IS_Q5_K
  int g = e / 32;
  int j = e % 32;
  uint low = p[(TYPE == IS_Q4_K ? 16 : 48) + 32 * (g / 2) + j] >> (4 * (g % 2)) & 15;
  return TYPE == IS_Q4_K ? low : low | (uint)(p[16 + j] >> g & 1) << 4;
#elif TYPE == IS_Q6_K
  int upper = e / 128;
  int part = e / 32 % 4;
  int j = e % 32;
  return (p[64 * upper + 32 * (part & 1) + j] >> (4 * (part / 2)) & 15) | (uint)(p[128 + 32 * upper + j] >> (2 * part) & 3) << 4;
#else
  uint low = p[NIBBLES_AT + e % 16] >> (e / 16 * 4) & 15;
#ifdef FIFTH_AT
  low |= (uint)(p[FIFTH_AT + e / 8] >> (e % 8) & 1) << 4;
#endif
  return low;
#endif
}

INLINE ushort half_bits(GLOBAL const uchar *p) { return (ushort)(p[0] | p[1] << 8); }

INLINE void put_half(GLOBAL uchar *p, ushort bits) {
  p[0] = (uchar)bits;
  p[1] = (uchar)(bits >> 8);
}

// Of a block of row r: quant e; d (0), m or dmin (1); scale (Q6_K: of 16) and minimum g.
INLINE uint quant_in(GLOBAL const uchar *head, int e, int r);
INLINE ushort half_in(GLOBAL const uchar *head, int i, int r);
INLINE uint scale_in(GLOBAL const uchar *head, int g, int r);
INLINE uint least_in(GLOBAL const uchar *head, int g, int r);

// Row r of what lies under a head as a block of the file.
INLINE void write_block(GLOBAL uchar *p, GLOBAL const uchar *head, int r) {
#if TYPE == IS_Q8_0
  put_half(p, half_in(head, 0, r));
  for (int e = 0; e < 32; e++) {
    p[2 + e] = (uchar)quant_in(head, e, r);
  }
#elif TYPE == IS_Q4_K || TYPE == IS_Q5_K
  put_half(p, half_in(head, 0, r));
  put_half(p + 2, half_in(head, 1, r));
  for (int g = 0; g < 4; g++) {
    uint scale = scale_in(head, g + 4, r);
    uint least = least_in(head, g + 4, r);
    p[4 + g] = (uchar)(scale_in(head, g, r) | scale >> 4 << 6);
    p[8 + g] = (uchar)(least_in(head, g, r) | least >> 4 << 6);
    p[12 + g] = (uchar)((scale & 15) | (least & 15) << 4);
  }
  for (int i = 0; i < 128; i++) {
    int e = i / 32 * 64 + i % 32;
    p[BLOCK_BYTES - 128 + i] = (uchar)((quant_in(head, e, r) & 15) | (quant_in(head, e + 32, r) & 15) << 4);
  }
#if TYPE == IS_Q5_K
  for (int j = 0; j < 32; j++) {
    uint bits = 0;
    for (int g = 0; g < 8; g++) {
      bits |= quant_in(head, 32 * g + j, r) >> 4 << g;
    }
    p[16 + j] = (uchar)bits;
  }
#endif
#elif TYPE == IS_Q6_K
  for (int i = 0; i < 128; i++) {
    int e = i / 64 * 128 + i % 64;
    p[i] = (uchar)((quant_in(head, e, r) & 15) | (quant_in(head, e + 64, r) & 15) << 4);
  }
  for (int i = 0; i < 64; i++) {
    uint bits = 0;
    for (int part = 0; part < 4; part++) {
      bits |= quant_in(head, i / 32 * 128 + 32 * part + i % 32, r) >> 4 << (2 * part);
    }
    p[128 + i] = (uchar)bits;
  }
  for (int g = 0; g < 16; g++) {
    p[192 + g] = (uchar)scale_in(head, g, r);
  }
  put_half(p + 208, half_in(head, 0, r));
#else
  put_half(p, half_in(head, 0, r));
#if TYPE == IS_Q4_1 || TYPE == IS_Q5_1
  put_half(p + 2, half_in(head, 1, r));
#endif
#ifdef FIFTH_AT
  for (int i = 0; i < 4; i++) {
    uint bits = 0;
    for (int e = 0; e < 8; e++) {
      bits |= quant_in(head, 8 * i + e, r) >> 4 << e;
    }
    p[FIFTH_AT + i] = (uchar)bits;
  }
#endif
  for (int e = 0; e < 16; e++) {
    p[NIBBLES_AT + e] = (uchar)((quant_in(head, e, r) & 15) | (quant_in(head, e + 16, r) & 15) << 4);
  }
#endif
}
