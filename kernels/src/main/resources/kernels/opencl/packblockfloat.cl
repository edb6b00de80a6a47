// Rows of a weight in F16 or BF16 to panels of block floating point, and back, rounded: blockfloat.cl tells how they lie. A
// work-item a block of a panel. TRANSPOSED: w is [k, n] instead.
#include "blockfloat.cl"

#define ITEM_KERNEL(name) __kernel __attribute__((reqd_work_group_size(1, 1, 1))) void name

#ifdef TRANSPOSED
#define ELEMENT(row, c) ((long)(c) * n + (row))
#else
#define ELEMENT(row, c) ((row) * k + (c))
#endif

// The bits of the d of a block of w: rounded up, so that no quant is above LARGEST.
INLINE uint bits_of_scale(float most) {
  uint bits = as_uint(most * (1.0f / LARGEST));
  return isfinite(most) ? (bits + 0xffffu) >> 16 : bits >> 16 | (isnan(most) ? 0x40u : 0u);
}

// A block of a row of w as 32 quants and the bits of d.
INLINE uint round_w(short16 *quants, GLOBAL const uchar *w, long row, int from, int n, int k) {
  float v[BLOCK_K];
  for (int c = 0; c < BLOCK_K; c++) {
    v[c] = from + c < k ? LOAD(W, w, ELEMENT(row, from + c)) : 0;
  }
  float16 a = vload16(0, v);
  float16 b = vload16(1, v);
  uint bits = bits_of_scale(most_of(a, b));
  float inverse = 1.0f / as_float(bits << 16);
  quants[0] = quants_of(a, inverse);
  quants[1] = quants_of(b, inverse);
  return bits;
}

// w [n, k] as in the file to panels from byte out_at on.
ITEM_KERNEL(packblockfloat)(GLOBAL uchar *out, long out_at, GLOBAL const uchar *w, int n, int k) {
  int block = (int)get_global_id(0);
  int panel = (int)get_global_id(1);
  GLOBAL uchar *to = out + out_at + panel * W_PANEL_BYTES(k) + (long)block * W_BLOCK_BYTES;
  for (int r = 0; r < 32; r++) {
    long row = 32l * panel + r;
    short16 quants[2] = {0, 0};
    uint scale = row < n ? round_w(quants, w, row, block * BLOCK_K, n, k) : 0;
    ((GLOBAL ushort *)to)[r] = (ushort)scale;
    for (int j = 0; j < PAIRS; j++) {
      ((GLOBAL int *)(to + 64))[32 * j + r] = ((const int *)quants)[j];
    }
  }
}

// Panels from byte w_at on to out [n, k].
ITEM_KERNEL(unpackblockfloat)(GLOBAL uchar *out, GLOBAL const uchar *w, long w_at, int n, int k) {
  int block = (int)get_global_id(0);
  int panel = (int)get_global_id(1);
  GLOBAL const uchar *from = w + w_at + panel * W_PANEL_BYTES(k) + (long)block * W_BLOCK_BYTES;
  for (int r = 0; r < 32 && 32 * panel + r < n; r++) {
    float d = as_float((uint)((GLOBAL const ushort *)from)[r] << 16);
    for (int c = 0; c < min(BLOCK_K, k - block * BLOCK_K); c++) {
      int quant = ((GLOBAL const short *)(from + 64))[64 * (c / 2) + 2 * r + c % 2];
      STORE(W, out, (32l * panel + r) * k + block * BLOCK_K + c, (float)quant * d);
    }
  }
}
