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
#include "fileblocks.cl"
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
        group[SCALE_BYTES + 128 * (c / 4) + 4 * r + c % 4] = (uchar)q;
#else
        low[16 * (c / 4) + r % 16] |= (q & 15) << (8 * (c % 4) + r / 16 * 4);
#if HIGH_BYTES > 0
        high[HIGH_WORD(c, r)] |= (q >> 4) << HIGH_BIT(c, r);
#endif
#endif
      }
    }
  }
#endif
}

#ifndef PLAIN
INLINE uint quant_in(GLOBAL const uchar *head, int e, int r) {
  return quant_at(head + HEAD_BYTES + e / 32 * GROUP_BYTES, e % 32, r);
}

INLINE ushort half_in(GLOBAL const uchar *head, int i, int r) { return ((GLOBAL const ushort *)head)[32 * i + r]; }

INLINE uint scale_in(GLOBAL const uchar *head, int g, int r) {
#if TYPE == IS_Q6_K
  return head[HEAD_BYTES + g / 2 * GROUP_BYTES + g % 2 * 32 + r];
#else
  return head[HEAD_BYTES + g * GROUP_BYTES + r];
#endif
}

INLINE uint least_in(GLOBAL const uchar *head, int g, int r) { return head[HEAD_BYTES + g * GROUP_BYTES + 32 + r]; }
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
    write_block(out + ((32l * panel + r) * (k / UNIT_K) + unit) * BLOCK_BYTES, from, r);
  }
#endif
}
