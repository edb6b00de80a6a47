// out = x w on GPUs with subgroups: no local memory. The formula, shapes and epilogues are products.cl's.
//
// A subgroup computes PER_ITEM_M rows of PER_ITEM_N * SUBGROUP_SIZE columns, an item the PER_ITEM_N columns that are
// SUBGROUP_SIZE apart. Of STEP k, each item loads the elements of x that lie at its number, and all get them by broadcast; its
// weights an item loads itself, 16 bytes at a time beside its neighbours', and expands four at a time in registers. GATED: an
// item has the column of g and that of u.
//
// Estimate, which no GPU has confirmed, at the defaults (8 rows, 1 column an item):
//   local memory    none; in the emulation 4 * 8 * STEP bytes
//   registers       8 sums, 8 finished sums of segments, 8 * STEP / SUBGROUP_SIZE of x, 8 of a chunk, 4 weights, about 12 addresses:
//                   56 an item; GATED 80. Compiled with the emulation (kernels/gpu-registers, F16, 32 items): 103 on RDNA 2, 9 waves a
//                   SIMD; a driver's own broadcasts need fewer
//   F16 by F16      pairs of halves: half the registers of x and half the broadcasts; compiled the same way 79 registers on RDNA 2,
//                   12 waves, and an instruction for two FMAs
//   traffic         x once for SUBGROUP_SIZE columns, w once for PER_ITEM_M rows, from caches: at SUBGROUP_SIZE 16 and 8 rows, F16
//                   weights and F32 x 0.25, Q4_0 0.16 byte a FLOP; broadcasts are register reads
//   Arc A770        SIMD16, 56 of 64 registers of a thread: 8 threads a vector engine. 0.25 byte a FLOP of 17 TFLOP/s is 4 TB/s of L1,
//                   64 bytes a clock of each of 32 cores
//   RX 7900 XTX     waves of 32, 9 to 16 of 16 waves a SIMD; 0.19 byte a FLOP (F16): 12 TB/s of L0 for the FMA peak of
//                   61 TFLOP/s; PER_ITEM_M = 16 takes 8
//   Intel UHD 770   SIMD16, as Arc; bound by its caches: PER_ITEM_M = 16 there
#include "products.cl"
#include "subgroups.cl"

#ifndef PER_ITEM_M
#define PER_ITEM_M 8 // rows of out a subgroup
#endif
#ifndef PER_ITEM_N
#define PER_ITEM_N 1 // columns of out an item
#endif
#if PER_ITEM_M < 1 || PER_ITEM_N < 1
#error "an item has rows and columns: PER_ITEM_M and PER_ITEM_N at least 1"
#endif

// k between two loads of x: whole chunks and whole subgroups.
#if SUBGROUP_SIZE * WORD_K > 32
#define STEP (SUBGROUP_SIZE * WORD_K)
#else
#define STEP 32
#endif
#define SLOTS (STEP / WORD_K / SUBGROUP_SIZE) // words of a row of x an item has
#if GATED
#define W_COLUMNS (2 * PER_ITEM_N) // columns of w an item: those of u behind those of g
#else
#define W_COLUMNS PER_ITEM_N
#endif

// Adds word `at` of the step times the weights of the item's columns.
#define MULTIPLY(part, at)                                                                                             \
  UNROLLED for (int i = 0; i < PER_ITEM_M; i++) {                                                                      \
    float v = SUBGROUP_OF(x_values, i *SLOTS + (at) / SUBGROUP_SIZE, (at) % SUBGROUP_SIZE, space);                     \
    UNROLLED for (int j = 0; j < W_COLUMNS; j++) {                                                                     \
      sums[i * W_COLUMNS + j] = add_word(AS_WORD(v), b[j].part, sums[i * W_COLUMNS + j]);                              \
    }                                                                                                                  \
  }

SUBGROUP_KERNEL(matmulsubgroup)(PARAMETERS) {
  SUBGROUP_SPACE(space, PER_ITEM_M *SLOTS);
  int column = (int)get_group_id(0) * PER_ITEM_N * SUBGROUP_SIZE + SUBGROUP_LANE;
  int row = (int)get_group_id(1) * PER_ITEM_M;
  int batch = (int)get_group_id(2);
  long first = (long)batch * m;
  long w_row = w_batched ? (long)batch * (SOURCE == COLUMNS ? k : n) : 0;
  int w_column[W_COLUMNS]; // past n the last column again, which is not stored
  for (int j = 0; j < W_COLUMNS; j++) {
    w_column[j] = min(column + j % PER_ITEM_N * SUBGROUP_SIZE, n - 1) + j / PER_ITEM_N * n;
  }
  float sums[PER_ITEM_M * W_COLUMNS];
  float totals[PER_ITEM_M * W_COLUMNS];
  for (int i = 0; i < PER_ITEM_M * W_COLUMNS; i++) {
    sums[i] = 0.0f;
    totals[i] = 0.0f;
  }
  for (int from = 0; from < k; from += STEP) {
    float x_values[PER_ITEM_M * SLOTS]; // words: subgroups exchange floats
    for (int i = 0; i < PER_ITEM_M * SLOTS; i++) {
      int c = from + (i % SLOTS * SUBGROUP_SIZE + SUBGROUP_LANE) * WORD_K;
      long at = VECTOR(x, first + min(row + i / SLOTS, m - 1), k);
#if PAIRS
      x_values[i] = pair_at(x, at, c, k);
#else
      x_values[i] = c < k ? LOAD(X, x, at + c) : 0.0f;
#endif
    }
    SUBGROUP_SHARE(x_values, PER_ITEM_M * SLOTS, space)
    UNROLLED
    for (int c = 0; c < STEP && from + c < k; c += CHUNK_K) { // unrolled, so that x_values are registers
      Chunk weights[W_COLUMNS];
      UNROLLED
      for (int j = 0; j < W_COLUMNS; j++) {
        weights[j] = load_chunk(W_ARGUMENTS, w_row, w_column[j], from + c, n, k);
      }
      UNROLLED
      for (int u = 0; u < CHUNK_K / 4; u++) {
        Four b[W_COLUMNS];
        UNROLLED
        for (int j = 0; j < W_COLUMNS; j++) {
          b[j] = chunk_weights(weights[j], u);
        }
        int at = (c + 4 * u) / WORD_K;
        MULTIPLY(x, at)
        MULTIPLY(y, at + 1)
#if !PAIRS
        MULTIPLY(z, at + 2)
        MULTIPLY(w, at + 3)
#endif
      }
    }
    if ((from + STEP) % SEGMENT == 0 || from + STEP >= k) {
      for (int i = 0; i < PER_ITEM_M * W_COLUMNS; i++) {
        totals[i] += sums[i];
        sums[i] = 0.0f;
      }
    }
  }
  for (int i = 0; i < PER_ITEM_M && row + i < m; i++) {
    for (int j = 0; j < PER_ITEM_N && column + j * SUBGROUP_SIZE < n; j++) {
      const float *total = totals + i * W_COLUMNS + j;
      finish(EPILOGUE_ARGUMENTS, first + row + i, column + j * SUBGROUP_SIZE, total[0], total[W_COLUMNS - PER_ITEM_N]);
    }
  }
}
