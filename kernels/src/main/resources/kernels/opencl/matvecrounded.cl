// out = x w of a packed weight of a block type and one row of x rounded to Q8_0, for CPUs: panelproduct.cl and rounded.cl
// have the formula. A work-item has a panel, straight from its quants.
// Traffic: w once from memory, x from cache.
#include "rounded.cl"

// sums[4] += a group times a block of x: words [WORDS], scale d, terms [PARTS].
INLINE void add_group(float8 *sums, GLOBAL const uchar *head, GLOBAL const uchar *group, const int8 *words, float d,
                      const TERM *terms) {
#pragma unroll
  for (int part = 0; part < PARTS; part++) {
    float16 scales[4];
    scales_of(scales, head, group, part);
    int8 v[4];
#pragma unroll
    for (int c = 0; c < 4; c++) {
      v[c] = START(terms[part]);
    }
#pragma unroll
    for (int j = part * (PART_K / 4); j < (part + 1) * (PART_K / 4); j++) {
#pragma unroll
      for (int c = 0; c < 4; c++) {
        uint8 bytes = bytes_of_w(group, j, c);
#pragma unroll
        for (int word = 0; word < WORDS; word++) {
          v[c] = DOT(v[c], word_of_w(bytes, word), (int8)(((const int *)words)[8 * word + j]));
        }
      }
    }
#pragma unroll
    for (int c = 0; c < 4; c++) {
      const float8 *of_part = (const float8 *)scales;
      sums[c] = ADD_PART(sums[c], v[c], of_part[c], d, of_part[4 + c], terms[part]);
    }
  }
}

// sums [4] = x times a panel.
INLINE void dot_panel(float8 *sums, GLOBAL const uchar *x, GLOBAL const uchar *panel, int k) {
  for (int c = 0; c < 4; c++) {
    sums[c] = 0;
  }
  for (int g = 0; g < k / BLOCK_K; g++, x += BLOCK_BYTES) {
    int8 words[WORDS];
    int8 fours = split_x(words, (GLOBAL const char *)x + 2);
    float d = load_half(x);
    TERM terms[PARTS];
    for (int part = 0; part < PARTS; part++) {
      terms[part] = TERM_OF(part_sum((const int *)&fours, part), d);
    }
    add_group(sums, panel + HEAD_AT(g), panel + GROUP_AT(g), words, d, terms);
  }
}

#ifndef CHAIN
ITEM_KERNEL(matvecrounded)(PARAMETERS) {
  int first = (int)get_global_id(0);
  long bytes = PANEL_BYTES(k);
  GLOBAL const uchar *row = x + x_at / BLOCK_K * BLOCK_BYTES;
  float8 sums[4];
  dot_panel(sums, row, w + w_at + first * bytes, k);
#ifdef GATED
  float8 up[4];
  dot_panel(up, row, w + w_at + (n / 32 + first) * bytes, k);
#else
  float8 *up = sums;
#endif
  finish_row(ARGUMENTS, 0, first * 32, (const float *)sums, (const float *)up);
}
#endif
