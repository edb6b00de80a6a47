// out = x w of a weight in block floating point and one row of x, rounded to it on the way, for CPUs: panelproduct.cl and
// blockfloat.cl have the formula. A work-item a panel: one long stream, which processors fetch ahead themselves.
// Traffic: w once from memory, x from cache.
#include "blockproduct.cl"

// low and high: x times rows 0 to 15 and 16 to 31 of a panel.
INLINE void dot_panel(float16 *low, float16 *high, GLOBAL const uchar *x, GLOBAL const uchar *block, int k) {
  *low = 0;
  *high = 0;
  for (int from = 0; from < k; from += BLOCK_K, block += W_BLOCK_BYTES) {
    short16 quants[2];
    float d = round_x(quants, x, from, min(BLOCK_K, k - from));
    int16 a = 0, b = 0;
#pragma unroll
    for (int j = 0; j < PAIRS; j++) {
      int16 pair = (int16)(((const int *)quants)[j]);
      a = DOT_PAIRS(a, W_PAIR(block, j, 0), pair);
      b = DOT_PAIRS(b, W_PAIR(block, j, 1), pair);
    }
    *low = ADD_BLOCK(*low, a, W_SCALES(block, 0), d);
    *high = ADD_BLOCK(*high, b, W_SCALES(block, 1), d);
  }
}

#ifndef CHAIN
ITEM_KERNEL(matvecblockfloat)(PARAMETERS) {
  int first = (int)get_global_id(0);
  GLOBAL const uchar *row = x + x_at * X_BYTES;
  float16 sums[2];
  dot_panel(sums, sums + 1, row, w + w_at + first * W_PANEL_BYTES(k), k);
#ifdef GATED
  float16 up[2];
  dot_panel(up, up + 1, row, w + w_at + (n / 32 + first) * W_PANEL_BYTES(k), k);
#else
  float16 *up = sums;
#endif
  finish_row(ARGUMENTS, 0, first * 32, (const float *)sums, (const float *)up);
}
#endif
