// Attention of F16 or BF16 on tensor cores with F32 sums (FlashAttention-2, Dao 2023). The rows of a block are queries of
// a sequence times the heads that share a KV head: row r is query r / group of head r % group, so a key and its value are
// read once for the whole group. SPLIT warps share 16 rows: each scores its part of a tile's keys, and sums its part of
// the values' columns.
//
// Shapes: q [T, H, d_k], k [.., KH, d_k], v [.., KH, d_v]; d_k and d_v are multiples of 8 up to SIZE. The grid: tiles of
// rows, the last first (for each chunk of keys, if those run side by side); KV heads; sequences. Per tile of KEYS keys:
//
//   s = cap(scale q k^T + bias)     m' = max(m, max s)     p = exp(s - m')
//   sum = sum exp(m - m') + sum p   y = y exp(m - m') + p v
//
// in registers, anew for each CHUNK of keys, and chunks are merged in order (attention.cuh): so a query's bits depend
// neither on SPLIT, nor on other queries, nor on where its chunks ran. p is rounded for p v. Keys and values arrive by
// cp.async, a tile ahead. Rows in shared memory are swizzled: what ldmatrix reads together lies in different banks.
//
// Shared memory: (rows + 4 KEYS) SIZE elements, and with SPLIT > 1 or a bias [rows][KEYS + 8] F32; at most 99 KiB, which
// all GPUs from compute_80 on have. Registers: of 255, SIZE / SPLIT for values, KEYS / 2 for scores.
#include "flash.cuh"

// What a block takes: rows of a group, and the keys that some of them see.
struct RowTile {
  int row0;
  int rows;
  int chunk; // of `chunks` that blocks of their own take
  int chunks;
  int from;
  int to;
};

// Nothing is left of it (to <= from) in a chunk that no row sees: combine_attention does not look at it.
template <int KEYS, int SPLIT> DEVICE RowTile row_tile(const AttentionArguments &a, const Group &f) {
  RowTile r;
  r.rows = blockDim.x / WARP / SPLIT * 16;
  r.chunks = a.scratch ? (a.max_keys + CHUNK - 1) / CHUNK : 1;
  int tiles = gridDim.x / r.chunks;
  r.chunk = blockIdx.x / tiles;
  r.row0 = (tiles - 1 - (int)blockIdx.x % tiles) * r.rows;
  r.from = r.row0 < f.rows ? (int)query_of(a, f, r.row0).first / KEYS * KEYS : 0;
  r.to = r.row0 < f.rows ? (int)query_of(a, f, min(r.row0 + r.rows, f.rows) - 1).end : 0;
  if (a.scratch) {
    r.from = max(r.from, r.chunk * CHUNK);
    r.to = min(r.to, (r.chunk + 1) * CHUNK);
  }
  return r;
}

// Shared memory: queries, two tiles of keys and of values, and scores or biases.
template <int SIZE, int KEYS> struct FlashMemory {
  static const int TILE = KEYS * (SIZE / 8);
  uint4 *qs;
  uint4 *ks;
  uint4 *vs;
  float *scores;

  DEVICE_MEMBER FlashMemory(uint4 *at, int rows)
      : qs(at), ks(qs + rows * (SIZE / 8)), vs(ks + 2 * TILE), scores((float *)(vs + 2 * TILE)) {}
};

// A tile of keys from j on: their scores, and the values' part of the sums.
template <int TYPE, int SIZE, int KEYS, int SPLIT>
DEVICE void attend(const AttentionArguments &a, Flash<TYPE, SIZE, KEYS, SPLIT> &w, const FlashMemory<SIZE, KEYS> &m, int j,
                   int stage) {
  bool seen = j < w.highest && j + KEYS > w.lowest;
  if (seen) {
    w.products(m.qs, m.ks + stage * m.TILE);
    w.adjust(a, j, j >= w.all_from && j + KEYS <= w.all_to, a.bias_kind == NO_BIAS ? nullptr : m.scores);
  }
  if (SPLIT > 1) {
    if (seen) {
      w.give(m.scores);
    }
    __syncthreads();
    if (seen) {
      w.take(m.scores);
    }
  }
  if (seen) {
    w.weigh();
    w.sum_values(m.vs + stage * m.TILE);
  }
}

template <int TYPE, int SIZE, int KEYS, int SPLIT> DEVICE void attention_mma(const AttentionArguments &a) {
  DYNAMIC_SHARED(uint4, tiles_of_rows);
  Group f = group_of(a);
  RowTile r = row_tile<KEYS, SPLIT>(a, f);
  if (r.row0 >= f.rows || (a.scratch && r.from >= r.to)) {
    return;
  }
  FlashMemory<SIZE, KEYS> m(tiles_of_rows, r.rows);
  Flash<TYPE, SIZE, KEYS, SPLIT> w;
  w.begin_rows(a, f, r.row0);
  load_queries<SIZE>(a, f, r.row0, r.rows, m.qs);
  if (r.from < r.to) {
    load_keys<SIZE, KEYS>(a, f, r.from, r.to, m.ks, m.vs);
  }
  commit_copies();
  int stage = 0;
  for (int j = r.from; j < r.to; j += KEYS) {
    wait_copies<0>();
    __syncthreads(); // this tile is there, and nobody reads the one before any more
    if (j + KEYS < r.to) {
      load_keys<SIZE, KEYS>(a, f, j + KEYS, r.to, m.ks + (1 - stage) * m.TILE, m.vs + (1 - stage) * m.TILE);
    }
    commit_copies();
    if (a.bias_kind != NO_BIAS) {
      load_biases<KEYS>(a, f, r.row0, r.rows, j, m.scores);
      __syncthreads();
    }
    attend(a, w, m, j, stage);
    if ((j + KEYS) % CHUNK == 0 || j + KEYS >= r.to) {
      w.end_chunk();
      w.begin_chunk();
    }
    stage = 1 - stage;
  }
  wait_copies<0>();
  w.finish(a, f, r.row0, r.chunk, r.chunks);
}

// attention_mma: 16 rows a warp. attention_few: 16 rows for SPLIT warps, where there are few rows.
#define ATTENTION_MMA(name, type)                                                                                      \
  KERNEL(256, attention_mma_##name##_64, AttentionArguments) { attention_mma<type, 64, 64, 1>(a); }                    \
  KERNEL(256, attention_mma_##name##_96, AttentionArguments) { attention_mma<type, 96, 64, 1>(a); }                    \
  KERNEL(256, attention_mma_##name##_128, AttentionArguments) { attention_mma<type, 128, 64, 1>(a); }                  \
  KERNEL(128, attention_few_##name##_64, AttentionArguments) { attention_mma<type, 64, 64, 4>(a); }                    \
  KERNEL(128, attention_few_##name##_96, AttentionArguments) { attention_mma<type, 96, 64, 2>(a); }                    \
  KERNEL(128, attention_few_##name##_128, AttentionArguments) { attention_mma<type, 128, 64, 4>(a); }                  \
  KERNEL(128, attention_few_##name##_256, AttentionArguments) { attention_mma<type, 256, 32, 2>(a); }

ATTENTION_MMA(f16, F16)
ATTENTION_MMA(bf16, BF16)
