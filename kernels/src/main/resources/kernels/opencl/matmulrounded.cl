// out = x w of a packed weight of a block type and rows of x rounded to Q8_0, for CPUs: panelproduct.cl and rounded.cl
// have the formula. No barriers, no local memory, register tiles of int8.
//
// A work-item has up to TILE_ROWS rows of x and TILE_PANELS panels. For each slice of DEPTH k it copies its part of x, block
// by block; then, panel by panel, takes the slice of the panel apart and multiplies: tiles of 6 or 3 rows x 32 columns, 24
// sums in registers where there are 32 of them.
//
// Private memory: (TILE_ROWS + 32) DEPTH WORDS bytes, 28 KB: L1, but for the sums, 128 bytes a row and panel, 48 KB.
// Traffic: w once for TILE_ROWS rows, x once for TILE_PANELS panels; from L1, 4 + 6 loads for 24 products of 8 lanes.
#include "rounded.cl"

#ifndef TILE_ROWS
#define TILE_ROWS 96 // rows of x of a work-item, a multiple of 12
#endif
#ifndef TILE_PANELS
#define TILE_PANELS 12 // most panels of a work-item; half of them for each side of GATED
#endif

#define BLOCKS (DEPTH / BLOCK_K) // of x in a slice
#define SLICE_PARTS (DEPTH / PART_K)
#define PART_WORDS (PART_K / 4)
#define SCALES (HAS_MIN ? 4 : 2) // vectors of 16 of a part

// A slice of some rows: in each block and part the rows side by side.
typedef struct {
  int8 x[BLOCKS * TILE_ROWS * WORDS];
  float d[BLOCKS * TILE_ROWS];
  TERM terms[SLICE_PARTS * TILE_ROWS];
} Rows;

// sums[4 i ..] += the rows' x [ROWS][WORDS][8] times a part's quants [WORDS][PART_WORDS][4].
#define TILE(name, ROWS)                                                                                               \
  INLINE void name(float8 *sums, const int *x, const uint8 *quants, const float8 *scales, const float *d,              \
                   const TERM *terms) {                                                                                \
    int8 v[ROWS][4];                                                                                                   \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      _Pragma("unroll") for (int c = 0; c < 4; c++) { v[i][c] = START(terms[i]); }                                     \
    }                                                                                                                  \
    for (int word = 0; word < WORDS; word++) {                                                                         \
      for (int j = 0; j < PART_WORDS; j++, quants += 4) {                                                              \
        _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                             \
          int8 four = (int8)(x[8 * (WORDS * i + word) + j]);                                                           \
          _Pragma("unroll") for (int c = 0; c < 4; c++) { v[i][c] = DOT(v[i][c], quants[c], four); }                   \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
    _Pragma("unroll") for (int i = 0; i < ROWS; i++) {                                                                 \
      _Pragma("unroll") for (int c = 0; c < 4; c++) {                                                                  \
        sums[4 * i + c] = ADD_PART(sums[4 * i + c], v[i][c], scales[c], d[i], scales[4 + c], terms[i]);                \
      }                                                                                                                \
    }                                                                                                                  \
  }
TILE(tile_3, 3)
#ifdef __AVX512VL__
#define TALL 6
TILE(tile_6, 6)
#else
#define TALL 3
#endif

// k from `at` to `at` + depth of the rows of x from `from` on; behind the last row the last again.
INLINE void copy_slice(Rows *rows, INPUT(x), int from, int count, int real, int k, int at, int depth) {
  // Halves one by one would cost as much as the rest: whole vectors of them are converted.
  ushort16 halves_of_x[BLOCKS * TILE_ROWS / 16];
  for (int i = 0; i < BLOCKS * TILE_ROWS / 16; i++) {
    halves_of_x[i] = 0;
  }
  int8 fours[BLOCKS * TILE_ROWS];
  for (int i = 0; i < count; i++) {
    long row = VECTOR(x, from + min(i, real - 1), k) + at;
    GLOBAL const uchar *block = x + row / BLOCK_K * BLOCK_BYTES;
    for (int b = 0; b < depth / BLOCK_K; b++, block += BLOCK_BYTES) {
      FETCH(block + BLOCKS * BLOCK_BYTES); // the next slice
      fours[b * TILE_ROWS + i] =
          split_x(rows->x + (b * TILE_ROWS + i) * WORDS, (GLOBAL const char *)block + 2);
      ((ushort *)halves_of_x)[b * TILE_ROWS + i] = *(GLOBAL const ushort *)block;
    }
  }
  for (int i = 0; i < BLOCKS * TILE_ROWS / 16; i++) {
    vstore16(vload_half16(i, (const half *)halves_of_x), i, rows->d);
  }
  for (int b = 0; b < depth / BLOCK_K; b++) {
    for (int i = 0; i < count; i++) {
      int from_row = b * TILE_ROWS + i;
      for (int part = 0; part < PARTS; part++) {
        rows->terms[(PARTS * b + part) * TILE_ROWS + i] =
            TERM_OF(part_sum((const int *)(fours + from_row), part), rows->d[from_row]);
      }
    }
  }
}

// quants [WORDS][PART_WORDS][4]: part `part` of a group.
INLINE void take_apart(uint8 *quants, GLOBAL const uchar *group, int part) {
#pragma unroll
  for (int j = 0; j < PART_WORDS; j++) {
#pragma unroll
    for (int c = 0; c < 4; c++) {
      uint8 bytes = bytes_of_w(group, part * PART_WORDS + j, c);
#pragma unroll
      for (int word = 0; word < WORDS; word++) {
        quants[4 * (word * PART_WORDS + j) + c] = word_of_w(bytes, word);
      }
    }
  }
}

// sums[4 i ..] += the slice's rows times a panel's k from `at` to `at` + depth.
INLINE void multiply(float8 *sums, const Rows *rows, int count, GLOBAL const uchar *panel, int at, int depth) {
  uint8 quants[SLICE_PARTS * WORDS * PART_WORDS * 4];
  float16 scales[SLICE_PARTS * SCALES];
  for (int g = 0; g < depth / GROUP_K; g++) {
    GLOBAL const uchar *head = panel + HEAD_AT(at / GROUP_K + g);
    GLOBAL const uchar *group = panel + GROUP_AT(at / GROUP_K + g);
    for (int part = 0; part < PARTS; part++) {
      int p = PARTS * g + part;
      scales_of(scales + p * SCALES, head, group, part);
      take_apart(quants + p * WORDS * PART_WORDS * 4, group, part);
    }
  }
#define PART_OF_ROWS(i, p)                                                                                             \
  sums + 4 * (i), (const int *)(rows->x + ((p) / PARTS * TILE_ROWS + (i)) * WORDS) + (p) % PARTS * PART_WORDS,         \
      quants + (p) * WORDS * PART_WORDS * 4, (const float8 *)(scales + (p) * SCALES),                                  \
      rows->d + (p) / PARTS * TILE_ROWS + (i), rows->terms + (p) * TILE_ROWS + (i)
  int i = 0;
#if TALL == 6
  for (; i + 6 <= count; i += 6) {
    for (int p = 0; p < depth / PART_K; p++) {
      tile_6(PART_OF_ROWS(i, p));
    }
  }
#endif
  for (; i < count; i += 3) {
    for (int p = 0; p < depth / PART_K; p++) {
      tile_3(PART_OF_ROWS(i, p));
    }
  }
}

// most: panels of a work-item, at most TILE_PANELS, of GATED half of them.
ITEM_KERNEL(matmulrounded)(PARAMETERS, int most STARTED) {
  SAY_STARTED
  int from = (int)get_global_id(0) * TILE_ROWS;
  int first = (int)get_global_id(1) * most;
  int panels = min(most, (n + 31) / 32 - first);
  int real = min(TILE_ROWS, m - from);
  int count = (real + 2) / 3 * 3;
  long bytes = PANEL_BYTES(k);
  Rows rows;
  float8 sums[TILE_PANELS * 4 * TILE_ROWS];
#ifdef GATED
  int sides = 2;
#else
  int sides = 1;
#endif
  for (int p = 0; p < sides * panels; p++) {
    for (int i = 0; i < 4 * count; i++) {
      sums[p * 4 * TILE_ROWS + i] = 0;
    }
  }
  for (int at = 0; at < k; at += DEPTH) {
    int depth = min(DEPTH, k - at);
    copy_slice(&rows, x, x_at, x_inner, x_stride, from, count, real, k, at, depth);
    for (int p = 0; p < sides * panels; p++) {
      // The second sides lie behind all first ones.
      long panel = p < panels ? first + p : n / 32 + first + p - panels;
      multiply(sums + p * 4 * TILE_ROWS, &rows, count, w + w_at + panel * bytes, at, depth);
    }
  }
  for (int i = 0; i < real; i++) {
    for (int p = 0; p < panels; p++) {
      const float8 *up = sums + (panels * (sides - 1) + p) * 4 * TILE_ROWS + 4 * i;
      finish_row(ARGUMENTS, from + i, (first + p) * 32, (const float *)(sums + p * 4 * TILE_ROWS + 4 * i),
                 (const float *)up);
    }
  }
}
