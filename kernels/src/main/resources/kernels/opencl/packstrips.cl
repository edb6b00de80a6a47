// Rows of a weight in the file's format to strips, and back with the same bits: a work-item what lies under one head of
// one row, or 32 columns of a plain type. TRANSPOSED: w is [k, n] instead, of a plain type.
// Estimate: once a weight at loading, behind its transfer to the device: a Q4_K head reads 144 bytes and writes them in pieces
// of 16, those of neighbouring items side by side; an item reads its own row, a line of 64 bytes in four steps from cache. 15
// registers for packing, 13 for unpacking (sm_80: 24 and 32), no local memory.
#include "common.cl"
#include "blocks.cl"
#include "strips.cl"
#if TYPE > IS_BF16
#include "fileblocks.cl"
#else
#define PLAIN
#endif

#if TYPE == IS_F32
#define BITS uint
#else
#define BITS ushort
#endif
#ifdef TRANSPOSED
#define ELEMENT(row, c) ((long)(c) * n + (row))
#else
#define ELEMENT(row, c) ((long)(row) * k + (c))
#endif

// A group of 32 work-items a strip's rows.
#define STRIP_KERNEL(name) __kernel __attribute__((reqd_work_group_size(32, 1, 1))) void name
#define STRIP_ROW ((int)get_local_id(0))
#define UNIT ((int)get_group_id(0))
#define STRIP ((int)get_global_id(1))

// Value c of a row's group of a plain type, counted in BITS from the group on.
#define PLAIN_AT(row, c) (((c) / PIECE_K * 32 + (row)) * PIECE_K + (c) % PIECE_K)

#ifndef PLAIN
#if TYPE == IS_Q6_K
#define HALF_AT 208
#else
#define HALF_AT 0
#endif
#define HAS_SECOND_HALF (TYPE == IS_Q4_1 || TYPE == IS_Q5_1 || TYPE == IS_Q4_K || TYPE == IS_Q5_K)

// The group's quants of a block p, or zeros.
INLINE void pack_group(GLOBAL uchar *group, GLOBAL const uchar *p, int g, int row, bool there) {
  uint high[2] = {0, 0};
  GLOBAL uchar *quants = group + SCALE_BYTES + HIGH_BYTES;
#if TYPE == IS_Q8_0
  for (int c = 0; c < 32; c++) {
    quants[512 * (c / 16) + 16 * row + c % 16] = (uchar)(there ? quant(p, c) : 0);
  }
#else
  for (int j = 0; j < 16; j++) {
    uint low = there ? quant(p, 32 * g + j) : 0;
    uint upper = there ? quant(p, 32 * g + j + 16) : 0;
    quants[16 * row + j] = (uchar)((low & 15) | (upper & 15) << 4);
#if HIGH_BYTES == 128
    high[0] |= (low >> 4) << (8 * (j % 4) + j / 4) | (upper >> 4) << (8 * (j % 4) + j / 4 + 4);
#elif HIGH_BYTES == 256
    high[0] |= (low >> 4) << (8 * (j % 4) + j / 4 * 2);
    high[1] |= (upper >> 4) << (8 * (j % 4) + j / 4 * 2);
#endif
  }
#if HIGH_BYTES == 128
  ((GLOBAL uint *)(group + SCALE_BYTES))[row] = high[0];
#elif HIGH_BYTES == 256
  ((GLOBAL uint2 *)(group + SCALE_BYTES))[row] = (uint2)(high[0], high[1]);
#endif
#endif
}

// The halves of a block p, or zeros: one or two a row.
INLINE void pack_halves(GLOBAL uchar *to, GLOBAL const uchar *p, int row, bool there) {
  GLOBAL ushort *halves = (GLOBAL ushort *)to;
#if HAS_SECOND_HALF
  halves[2 * row] = there ? half_bits(p + HALF_AT) : (ushort)0;
  halves[2 * row + 1] = there ? half_bits(p + HALF_AT + 2) : (ushort)0;
#else
  halves[row] = there ? half_bits(p + HALF_AT) : (ushort)0;
#endif
}
#endif

// w [n, k] as in the file to strips from byte out_at on.
STRIP_KERNEL(packstrips)(GLOBAL uchar *out, long out_at, GLOBAL const uchar *w, int n, int k) {
  int r = STRIP_ROW;
  long row = 32l * STRIP + r;
  GLOBAL uchar *to = out + out_at + STRIP * STRIP_BYTES(k) + (long)UNIT * HEAD_STRIDE;
#ifdef PLAIN
  for (int c = 0; c < 32; c++) {
    int column = 32 * UNIT + c;
    ((GLOBAL BITS *)to)[PLAIN_AT(r, c)] = row < n && column < k ? ((GLOBAL const BITS *)w)[ELEMENT(row, column)] : 0;
  }
#else
  bool there = row < n;
  GLOBAL const uchar *p = w + ((there ? row : 0) * (k / (32 * GROUPS)) + UNIT) * BLOCK_BYTES;
  pack_halves(to, p, r, there);
  for (int g = 0; g < GROUPS; g++) {
    GLOBAL uchar *group = to + HEAD_BYTES + g * GROUP_BYTES;
#if TYPE == IS_Q6_K
    group[2 * r] = there ? p[192 + 2 * g] : (uchar)0;
    group[2 * r + 1] = there ? p[193 + 2 * g] : (uchar)0;
#elif TYPE >= IS_Q4_K
    group[2 * r] = (uchar)(there ? group_scale(p + 4, g) : 0);
    group[2 * r + 1] = (uchar)(there ? group_min(p + 4, g) : 0);
#endif
    pack_group(group, p, g, r, there);
  }
#endif
}

#ifndef PLAIN
INLINE uint quant_in(GLOBAL const uchar *head, int e, int r) {
  GLOBAL const uchar *group = head + HEAD_BYTES + e / 32 * GROUP_BYTES;
  GLOBAL const uchar *quants = group + SCALE_BYTES + HIGH_BYTES;
  int c = e % 32;
#if TYPE == IS_Q8_0
  return quants[512 * (c / 16) + 16 * r + c % 16];
#else
  uint q = quants[16 * r + c % 16] >> (c / 16 * 4) & 15;
#if HIGH_BYTES == 128
  q |= (((GLOBAL const uint *)(group + SCALE_BYTES))[r] >> (8 * (c % 4) + c / 4) & 1) << 4;
#elif HIGH_BYTES == 256
  q |= (((GLOBAL const uint *)(group + SCALE_BYTES))[2 * r + c / 16] >> (8 * (c % 4) + c % 16 / 4 * 2) & 3) << 4;
#endif
  return q;
#endif
}

INLINE ushort half_in(GLOBAL const uchar *head, int i, int r) {
  return ((GLOBAL const ushort *)head)[HAS_SECOND_HALF ? 2 * r + i : r];
}

INLINE uint scale_in(GLOBAL const uchar *head, int g, int r) {
#if TYPE == IS_Q6_K
  return head[HEAD_BYTES + g / 2 * GROUP_BYTES + 2 * r + g % 2];
#else
  return head[HEAD_BYTES + g * GROUP_BYTES + 2 * r];
#endif
}

INLINE uint least_in(GLOBAL const uchar *head, int g, int r) { return head[HEAD_BYTES + g * GROUP_BYTES + 2 * r + 1]; }
#endif

// Strips from byte w_at on to n rows [n, k] as in the file.
STRIP_KERNEL(unpackstrips)(GLOBAL uchar *out, GLOBAL const uchar *w, long w_at, int n, int k) {
  int r = STRIP_ROW;
  long row = 32l * STRIP + r;
  GLOBAL const uchar *from = w + w_at + STRIP * STRIP_BYTES(k) + (long)UNIT * HEAD_STRIDE;
  if (row >= n) {
    return;
  }
#ifdef PLAIN
  for (int c = 0; c < 32 && 32 * UNIT + c < k; c++) {
    ((GLOBAL BITS *)out)[row * k + 32 * UNIT + c] = ((GLOBAL const BITS *)from)[PLAIN_AT(r, c)];
  }
#else
  write_block(out + (row * (k / (32 * GROUPS)) + UNIT) * BLOCK_BYTES, from, r);
#endif
}
