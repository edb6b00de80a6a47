// Rows of a weight in the file's format to panels, and back with the same bits: a work-item the part of a panel under one
// head, or 16 columns of a plain type. TRANSPOSED: w is [k, n] instead, of a plain type.
#include "common.cl"
#include "blocks.cl"
#include "panels.cl"

#ifdef PLAIN
#define UNIT_K 16
#else
#define UNIT_K (32 * GROUPS)
#endif
#define ITEM_KERNEL(name) __kernel __attribute__((reqd_work_group_size(1, 1, 1))) void name

#ifndef PLAIN
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
#endif

#ifdef TRANSPOSED
#define ELEMENT(row, c) ((long)(c) * n + (row))
#else
#define ELEMENT(row, c) ((row) * k + (c))
#endif
#if TYPE == IS_F32
#define BITS uint
#else
#define BITS ushort
#endif

// w [n, k] as in the file to panels from byte out_at on.
ITEM_KERNEL(packpanels)(GLOBAL uchar *out, long out_at, GLOBAL const uchar *w, int n, int k) {
  int unit = (int)get_global_id(0);
  int panel = (int)get_global_id(1);
  GLOBAL uchar *to = out + out_at + panel * PANEL_BYTES(k);
#ifdef PLAIN
  int end = min(k, (unit + 1) * UNIT_K);
  for (int r = 0; r < 32; r++) {
    long row = 32l * panel + r;
    for (int c = unit * UNIT_K; c < end; c++) {
      ((GLOBAL BITS *)to)[32l * c + r] = row < n ? ((GLOBAL const BITS *)w)[ELEMENT(row, c)] : 0;
    }
  }
#else
  to += (long)unit * HEAD_STRIDE;
  for (long i = 0; i < HEAD_STRIDE; i++) {
    to[i] = 0;
  }
  for (int r = 0; r < 32 && 32 * panel + r < n; r++) {
    GLOBAL const uchar *p = w + ((32l * panel + r) * (k / UNIT_K) + unit) * BLOCK_BYTES;
#if TYPE == IS_Q6_K
    ((GLOBAL ushort *)to)[r] = half_bits(p + 208);
#elif TYPE >= IS_Q4_K
    ((GLOBAL ushort *)to)[r] = half_bits(p);
    ((GLOBAL ushort *)to)[32 + r] = half_bits(p + 2);
#endif
    for (int g = 0; g < GROUPS; g++) {
      GLOBAL uchar *group = to + HEAD_BYTES + g * GROUP_BYTES;
#if TYPE == IS_Q6_K
      group[r] = p[192 + 2 * g];
      group[32 + r] = p[193 + 2 * g];
#elif TYPE >= IS_Q4_K
      group[r] = (uchar)group_scale(p + 4, g);
      group[32 + r] = (uchar)group_min(p + 4, g);
#else
      ((GLOBAL ushort *)group)[r] = half_bits(p);
#if SCALE_BYTES == 128
      ((GLOBAL ushort *)group)[32 + r] = half_bits(p + 2);
#endif
#endif
      GLOBAL uint *high = (GLOBAL uint *)(group + SCALE_BYTES);
      GLOBAL uint *low = (GLOBAL uint *)(group + SCALE_BYTES + HIGH_BYTES);
      for (int c = 0; c < 32; c++) {
        uint q = quant(p, 32 * g + c);
#if TYPE == IS_Q8_0
        group[SCALE_BYTES + 32 * c + r] = (uchar)q;
#else
        low[16 * (c / 4) + r % 16] |= (q & 15) << (8 * (c % 4) + r / 16 * 4);
#if HIGH_BYTES == 128
        high[16 * (c / 16) + r % 16] |= (q >> 4) << (2 * (c % 16) + r / 16);
#elif HIGH_BYTES == 256
        high[16 * (c / 8) + r % 16] |= (q >> 4) << (4 * (c % 8) + r / 16 * 2);
#endif
#endif
      }
    }
  }
#endif
}

#ifndef PLAIN
// Quant e of a block of row r, out of the groups under its head.
INLINE uint quant_in(GLOBAL const uchar *head, int e, int r) {
  return quant_at(head + HEAD_BYTES + e / 32 * GROUP_BYTES, e % 32, r);
}

INLINE void put_half(GLOBAL uchar *p, GLOBAL const uchar *halves_, int r) {
  ushort bits = ((GLOBAL const ushort *)halves_)[r];
  p[0] = (uchar)bits;
  p[1] = (uchar)(bits >> 8);
}

// Row r of what lies under a head as a block of the file.
INLINE void unpack_block(GLOBAL uchar *p, GLOBAL const uchar *head, int r) {
#if TYPE == IS_Q8_0
  put_half(p, head, r);
  for (int e = 0; e < 32; e++) {
    p[2 + e] = (uchar)quant_in(head, e, r);
  }
#elif TYPE == IS_Q4_K || TYPE == IS_Q5_K
  put_half(p, head, r);
  put_half(p + 2, head + 64, r);
  for (int g = 0; g < 4; g++) {
    GLOBAL const uchar *near = head + HEAD_BYTES + g * GROUP_BYTES;
    GLOBAL const uchar *far = near + 4 * GROUP_BYTES;
    p[4 + g] = (uchar)(near[r] | far[r] >> 4 << 6);
    p[8 + g] = (uchar)(near[32 + r] | far[32 + r] >> 4 << 6);
    p[12 + g] = (uchar)((far[r] & 15) | (far[32 + r] & 15) << 4);
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
    p[192 + g] = head[HEAD_BYTES + g / 2 * GROUP_BYTES + g % 2 * 32 + r];
  }
  put_half(p + 208, head, r);
#else
  put_half(p, head, r);
#if SCALE_BYTES == 128
  put_half(p + 2, head + 64, r);
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
#endif

// Panels from byte w_at on to n rows [n, k] as in the file.
ITEM_KERNEL(unpackpanels)(GLOBAL uchar *out, GLOBAL const uchar *w, long w_at, int n, int k) {
  int unit = (int)get_global_id(0);
  int panel = (int)get_global_id(1);
  GLOBAL const uchar *from = w + w_at + panel * PANEL_BYTES(k);
  int rows = min(32, n - 32 * panel);
#ifdef PLAIN
  int end = min(k, (unit + 1) * UNIT_K);
  for (long r = 0; r < rows; r++) {
    for (int c = unit * UNIT_K; c < end; c++) {
      ((GLOBAL BITS *)out)[(32l * panel + r) * k + c] = ((GLOBAL const BITS *)from)[32l * c + r];
    }
  }
#else
  from += (long)unit * HEAD_STRIDE;
  for (int r = 0; r < rows; r++) {
    unpack_block(out + ((32l * panel + r) * (k / UNIT_K) + unit) * BLOCK_BYTES, from, r);
  }
#endif
}
