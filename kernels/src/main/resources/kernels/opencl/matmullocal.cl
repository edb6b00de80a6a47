// out = x w on GPUs without subgroups: tiles through local memory. The formula, shapes and epilogues are products.cl's.
//
// A group computes TILE_M x TILE_N sums of a batch, an item PER_ITEM_M x PER_ITEM_N of them, in registers. TILE_K columns
// of x and w at a time go to local memory as F32: x [TILE_M][TILE_K] as it lies, in vectors of 4 along k; w turned round,
// [TILE_K][TILE_N], its blocks expanded once for all TILE_M rows. An item's rows are ITEMS_M apart and its vectors of
// four columns ITEMS_N apart: neighbours read neighbouring banks. With BUFFERS = 2 the next tiles are loaded while the
// last are multiplied, and a step has one barrier instead of two. GATED: the first half of a tile's columns are of g, the
// other half of u, and so are an item's vectors. Past the edges tiles hold zeros; nothing there is stored.
//
// Estimate, which no GPU has confirmed, at the defaults (64 x 64 x 32, 4 x 8, 1 buffer, 128 items):
//   local memory    64 * 36 * 4 + 32 * 68 * 4 = 17.5 KiB a group; 2 buffers 35 KiB
//   registers       32 sums, 32 finished sums of segments, 16 of x, 8 of w, about 20 addresses: 110 an item. Compiled
//                   (kernels/gpu-registers): 150 on RDNA 2 (6 waves a SIMD), 160 on sm_80, with the epilogue's activations; its
//                   results lie in private memory, once a tile
//   F16 by F16      pairs of halves: 8.75 KiB of local memory, 0.375 byte of it a FLOP, and on RDNA 2 125 registers (8 waves) and an
//                   instruction for two FMAs
//   traffic         global: TILE_M + TILE_N values a step for 2 * TILE_M * TILE_N * TILE_K FLOP; F32 1/16, F16 weights and F32 x
//                   0.047, Q4_0 0.036 byte a FLOP, the most of it from L2. Local: for 4 k (4 + 4 * 2) * 16 bytes and 256
//                   FLOP an item: 0.75 byte a FLOP
//   RTX 4090        5 groups of 4 warps a multiprocessor by local memory (100 KiB), 3 by registers: 12 of 48 warps. Were no
//                   read of local memory a broadcast, its 128 bytes a clock for 256 FLOP would allow 2/3 of the FMA peak,
//                   and with PER_ITEM_M = 8, which reads 0.5 byte a FLOP, all of it
//   RX 7900 XTX     3 groups in the 64 KiB of a compute unit: 12 waves of 32, 6 a SIMD
//   Arc A770        with 64 KiB of local memory a Xe core 3 groups of 8 threads (SIMD16), 24 of 128 threads: the subgroup
//                   family is meant for it
#include "products.cl"

#ifndef TILE_M
#define TILE_M 64 // rows of out a group
#endif
#ifndef TILE_N
#define TILE_N 64 // columns of out a group; GATED: of w
#endif
#ifndef TILE_K
#define TILE_K 32 // k in local memory at a time
#endif
#ifndef PER_ITEM_M
#define PER_ITEM_M 4 // rows an item
#endif
#ifndef PER_ITEM_N
#define PER_ITEM_N 8 // columns an item: two vectors of 4, or more
#endif
#ifndef BUFFERS
#define BUFFERS 1 // tiles of each operand in local memory: 2 loads one while it multiplies the other
#endif

#if TILE_M % PER_ITEM_M != 0 || TILE_N % PER_ITEM_N != 0
#error "a tile is whole items: TILE_M a multiple of PER_ITEM_M and TILE_N of PER_ITEM_N"
#endif
#if PER_ITEM_N % 8 != 0
#error "an item has pairs of vectors of 4 columns, for GATED: PER_ITEM_N a multiple of 8"
#endif
#if TILE_K % 32 != 0 || SEGMENT % TILE_K != 0
#error "a segment is whole tiles and a tile whole groups of quants: TILE_K is 32, 64, 128 or 256"
#endif

#define ITEMS_M (TILE_M / PER_ITEM_M)
#define ITEMS_N (TILE_N / PER_ITEM_N)
#define ITEMS (ITEMS_M * ITEMS_N)
#define ITEM ((int)get_local_id(0))
#define VECTORS (PER_ITEM_N / 4) // of 4 columns, an item
#define X_PITCH (TILE_K / 4 + 1) // Fours from a row of x to the next: one more, for the banks
#define W_PITCH (TILE_N / 4 + 1) // Columns from a word of w to the next

// Columns of out a group.
#if GATED
#define OUT_N (TILE_N / 2)
#else
#define OUT_N TILE_N
#endif

// Numbers below count, shared by the items, which all go round as often: PoCL 3.1 miscompiles some loops that begin at ITEM.
#define SHARED(n, count)                                                                                               \
  for (int n = ITEM, n##_0 = 0; n##_0 < (count); n += ITEMS, n##_0 += ITEMS)                                           \
    if (n < (count))

// Rows first .. of x, `rows` of them there, columns from .. from + TILE_K.
INLINE_LOCAL void stage_x(LOCAL Four *tile, INPUT(x), long first, int rows, int from, int k) {
  SHARED(t, TILE_M * (TILE_K / 4)) {
    int row = t / (TILE_K / 4);
    int c = t % (TILE_K / 4);
    Four v = (Four)(0);
    if (row < rows) {
      v = load_x4(x, VECTOR(x, first + row, k), from + 4 * c, k);
    }
    tile[row * X_PITCH + c] = v;
  }
}

// Columns of w that belong to columns `column` .. of out.
INLINE_LOCAL void stage_w(LOCAL Columns *tile, INPUT(w), long first, int column, int from, int n, int k) {
  LOCAL Word *words = (LOCAL Word *)tile;
  SHARED(t, TILE_N * (TILE_K / CHUNK_K)) {
#if SOURCE == ROWS
    int i = t / (TILE_K / CHUNK_K); // neighbours along k, as they lie
    int chunk = t % (TILE_K / CHUNK_K);
#else
    int i = t % TILE_N;
    int chunk = t / TILE_N;
#endif
    int c = from + chunk * CHUNK_K;
    int of_out = column + i % OUT_N;
    bool there = of_out < n && c < k;
    Chunk weights = load_chunk(W_ARGUMENTS, first, there ? of_out + i / OUT_N * n : 0, there ? c : 0, n, k);
    UNROLLED
    for (int u = 0; u < CHUNK_K / 4; u++) {
      Four v = there ? chunk_weights(weights, u) : (Four)(0);
      LOCAL Word *to = words + (chunk * CHUNK_K + 4 * u) / WORD_K * (4 * W_PITCH) + i;
      to[0] = v.x;
      to[4 * W_PITCH] = v.y;
#if !PAIRS
      to[8 * W_PITCH] = v.z;
      to[12 * W_PITCH] = v.w;
#endif
    }
  }
}

// One word of the products of 4 k: `part` of the item's vectors of x times a row of w.
#define MULTIPLY(part, at)                                                                                             \
  {                                                                                                                    \
    Columns b[VECTORS];                                                                                                \
    UNROLLED for (int j = 0; j < VECTORS; j++) { b[j] = w_tile[(at) * W_PITCH + in + j * ITEMS_N]; }                   \
    UNROLLED for (int i = 0; i < PER_ITEM_M; i++) {                                                                    \
      UNROLLED for (int j = 0; j < VECTORS; j++) {                                                                     \
        sums[i * VECTORS + j] = add_words(a[i].part, b[j], sums[i * VECTORS + j]);                                     \
      }                                                                                                                \
    }                                                                                                                  \
  }

INLINE_LOCAL void multiply(float4 *sums, LOCAL const Four *x_tile, LOCAL const Columns *w_tile, int im, int in) {
  for (int c = 0; c < TILE_K; c += 4) {
    Four a[PER_ITEM_M];
    UNROLLED
    for (int i = 0; i < PER_ITEM_M; i++) {
      a[i] = x_tile[(im + i * ITEMS_M) * X_PITCH + c / 4];
    }
    MULTIPLY(x, c / WORD_K)
    MULTIPLY(y, c / WORD_K + 1)
#if !PAIRS
    MULTIPLY(z, c + 2)
    MULTIPLY(w, c + 3)
#endif
  }
}

// The item's vectors of a row: columns of out from `column` on, those past n left out.
INLINE void finish_vectors(OUTPUT(out), FLOATS(bias), INPUT(residual), int fn, int n, long row, int column, int in,
                           const float4 *sums) {
  for (int j = 0; j < OUT_N / (4 * ITEMS_N); j++) {
    float sum[4];
    float up[4];
    vstore4(sums[j], 0, sum);
    vstore4(GATED ? sums[VECTORS / 2 + j] : sums[j], 0, up);
    int from = column + 4 * (in + j * ITEMS_N);
    for (int c = 0; c < 4 && from + c < n; c++) {
      finish(EPILOGUE_ARGUMENTS, row, from + c, sum[c], up[c]);
    }
  }
}

// Loads the tiles from k = `at` on; past k they are zeros.
#define STAGE(at, buffer)                                                                                              \
  stage_x(x_tile + (buffer) * TILE_M * X_PITCH, X_ARGUMENTS, x_row, m - row, at, k);                                   \
  stage_w(w_tile + (buffer) * (TILE_K / WORD_K) * W_PITCH, W_ARGUMENTS, w_row, column, at, n, k);

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void matmullocal(PARAMETERS) {
  LOCAL Four x_tile[BUFFERS * TILE_M * X_PITCH];
  LOCAL Columns w_tile[BUFFERS * (TILE_K / WORD_K) * W_PITCH];
  int column = (int)get_group_id(0) * OUT_N;
  int row = (int)get_group_id(1) * TILE_M;
  int batch = (int)get_group_id(2);
  int im = ITEM / ITEMS_N;
  int in = ITEM % ITEMS_N;
  long x_row = (long)batch * m + row;
  long w_row = w_batched ? (long)batch * (SOURCE == COLUMNS ? k : n) : 0;
  float4 sums[PER_ITEM_M * VECTORS];
  float4 totals[PER_ITEM_M * VECTORS];
  for (int i = 0; i < PER_ITEM_M * VECTORS; i++) {
    totals[i] = (float4)(0.0f);
  }
#if BUFFERS == 2
  STAGE(0, 0)
#endif
  for (int segment = 0; segment < k; segment += SEGMENT) {
    for (int i = 0; i < PER_ITEM_M * VECTORS; i++) {
      sums[i] = (float4)(0.0f);
    }
    for (int from = segment; from < min(k, segment + SEGMENT); from += TILE_K) {
      int buffer = BUFFERS == 2 ? from / TILE_K % 2 : 0;
      barrier(CLK_LOCAL_MEM_FENCE); // all have read the tiles of before
#if BUFFERS == 2
      STAGE(from + TILE_K, 1 - buffer)
#else
      STAGE(from, 0)
      barrier(CLK_LOCAL_MEM_FENCE);
#endif
      multiply(sums, x_tile + buffer * TILE_M * X_PITCH, w_tile + buffer * (TILE_K / WORD_K) * W_PITCH, im, in);
    }
    for (int i = 0; i < PER_ITEM_M * VECTORS; i++) {
      totals[i] += sums[i];
    }
  }
  for (int i = 0; i < PER_ITEM_M; i++) {
    if (row + im + i * ITEMS_M < m) {
      finish_vectors(EPILOGUE_ARGUMENTS, x_row + im + i * ITEMS_M, column, in, totals + i * VECTORS);
    }
  }
}
