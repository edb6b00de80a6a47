// Products of F16 or BF16 with weights of the same type in panels, on tensor cores with F32 accumulators. Weights are
// the left operand, rows of x the right one. An accumulator sums one segment and is added to a total: matmul.cuh. Both
// kernels issue the same mma for an output, so they give the same bits.
#include "matmul.cuh"
#include "mma.cuh"

#define MMA_TILE 128
#define MMA_ROW (MMA_TILE + 2) // of sixteen bytes: the four chunks that lanes read together lie in different banks

// Eight elements of row r of x from k, zeros behind the end. Unaligned rows are read one element at a time.
DEVICE uint4 x_chunk(const MatMulArguments &a, i64 r, i64 k) {
  const u16 *x = (const u16 *)a.x.at + vector_at(a.x, r) + k;
  if (k + 8 <= a.w.k && (u64)x % 16 == 0) {
    return *(const uint4 *)x;
  }
  u32 words[4];
  for (int i = 0; i < 4; i++) {
    u32 low = k + 2 * i < a.w.k ? x[2 * i] : 0;
    u32 high = k + 2 * i + 1 < a.w.k ? x[2 * i + 1] : 0;
    words[i] = low | high << 16;
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

// Chunk c of the 32 of k from k0, of row n of w.
DEVICE const uint4 *w_chunk(const MatMulArguments &a, i64 n, i64 k0, int c) {
  i64 blocks = (a.w.k + 31) / 32;
  return (const uint4 *)(a.w.view.at + ((n / PANEL * blocks + k0 / 32) * 4 + c) * PANEL * 16) + n % PANEL;
}

// Row j of a block's tile of w, at least w.n: none. Of gate and up, each 32 rows are 16 of one and their 16 of the other.
DEVICE i64 mma_column(const MatMulArguments &a, int j) {
  if (!a.gated) {
    return blockIdx.x * (i64)MMA_TILE + j;
  }
  i64 f = blockIdx.x * (i64)(MMA_TILE / 2) + j / 32 * 16 + j % 16;
  return f >= a.w.n / 2 ? a.w.n : j % 32 < 16 ? f : f + a.w.n / 2;
}

DEVICE void load_tiles(const MatMulArguments &a, i64 m0, i64 k0, uint4 (*ws)[MMA_ROW], uint4 (*xs)[MMA_ROW]) {
  for (int i = threadIdx.x; i < 4 * MMA_TILE; i += 256) {
    int c = i / MMA_TILE;
    int j = i % MMA_TILE;
    i64 n = mma_column(a, j);
    bool has_row = n < a.w.n;
    copy_async(&ws[c][j], w_chunk(a, has_row ? n : 0, k0, c), has_row ? 16 : 0);
    i64 k = k0 + 8 * c;
    const u16 *x = (const u16 *)a.x.at + (m0 + j < a.m ? vector_at(a.x, m0 + j) + k : 0);
    if (m0 + j >= a.m || k >= a.w.k) {
      xs[c][j] = make_uint4(0, 0, 0, 0);
    } else if (k + 8 <= a.w.k && (u64)x % 16 == 0) {
      copy_async(&xs[c][j], x, 16);
    } else {
      xs[c][j] = x_chunk(a, m0 + j, k);
    }
  }
  commit_copies();
}

// 128 columns by 128 rows: eight warps of 32 columns by 64 rows each, 32 of k at a time, one tile ahead.
template <int TYPE> DEVICE void matmul_mma(const MatMulArguments &a) {
  SHARED uint4 ws[2][4][MMA_ROW];
  SHARED uint4 xs[2][4][MMA_ROW];
  int lane = threadIdx.x % WARP;
  int g = lane / 4;
  int t = lane % 4;
  int columns = threadIdx.x / WARP % 4 * 32;
  int rows = threadIdx.x / WARP / 4 * 64;
  i64 m0 = blockIdx.y * (i64)MMA_TILE;
  float total[2][8][4] = {};
  float sum[2][8][4] = {};
  load_tiles(a, m0, 0, ws[0], xs[0]);
  for (i64 k0 = 0; k0 < a.w.k; k0 += 32) {
    int s = (int)(k0 / 32 % 2);
    if (k0 + 32 < a.w.k) {
      load_tiles(a, m0, k0 + 32, ws[1 - s], xs[1 - s]);
      wait_copies<1>();
    } else {
      wait_copies<0>();
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 2; i++) {
      uint4 upper = ws[s][t][columns + 16 * i + g];
      uint4 lower = ws[s][t][columns + 16 * i + g + 8];
#pragma unroll
      for (int j = 0; j < 8; j++) {
        mma_32<TYPE>(sum[i][j], upper, lower, xs[s][t][rows + 8 * j + g]);
      }
    }
    __syncthreads();
    if ((k0 + 32) % SEGMENT == 0 || k0 + 32 >= a.w.k) {
#pragma unroll
      for (int i = 0; i < 64; i++) {
        total[i / 32][i / 4 % 8][i % 4] += sum[i / 32][i / 4 % 8][i % 4];
        sum[i / 32][i / 4 % 8][i % 4] = 0;
      }
    }
  }
#pragma unroll
  for (int i = 0; i < 64; i++) {
    int e = i % 4;
    int half = i / 32;
    i64 r = m0 + rows + i / 4 % 8 * 8 + 2 * t + e % 2;
    i64 c = mma_column(a, columns + 16 * half + g + e / 2 * 8);
    if (r < a.m && c < a.w.n && !(a.gated && half)) {
      finish(a, r, c, total[half][i / 4 % 8][e], a.gated ? total[1][i / 4 % 8][e] : 0);
    }
  }
}

#define ROUND 32 // segments whose sums a block holds at a time

// Up to eight rows of x by a panel of w (with gate and up, one of each): a warp takes a segment at a time, its lanes read
// w straight from memory. Then a thread adds the segments of its output, in order.
template <int TYPE> DEVICE void matvec_mma(const MatMulArguments &a) {
  SHARED float parts[ROUND][PANEL][8];
  int warp = threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  int g = lane / 4;
  int t = lane % 4;
  i64 outputs = a.gated ? a.w.n / 2 : a.w.n;
  i64 n0 = blockIdx.x * (i64)PANEL;
  int segments = (int)((a.w.k + SEGMENT - 1) / SEGMENT);
  float total[2] = {};
  for (int set = 0; set < (a.gated ? 2 : 1); set++) {
    for (int first = 0; first < segments; first += ROUND) {
      __syncthreads();
      for (int s = first + warp; s < min(first + ROUND, segments); s += 8) {
        float sum[2][4] = {};
        for (i64 k0 = (i64)s * SEGMENT; k0 < min((i64)(s + 1) * SEGMENT, a.w.k); k0 += 32) {
          bool there = g < a.m && k0 + 8 * t < a.w.k;
          uint4 x = there ? x_chunk(a, g, k0 + 8 * t) : make_uint4(0, 0, 0, 0);
          for (int i = 0; i < 2; i++) {
            i64 n = n0 + 16 * i + g; // rows behind the last are read from the first, and not written
            uint4 upper = *w_chunk(a, n < outputs ? n + set * outputs : 0, k0, t);
            uint4 lower = *w_chunk(a, n + 8 < outputs ? n + 8 + set * outputs : 0, k0, t);
            mma_32<TYPE>(sum[i], upper, lower, x);
          }
        }
        for (int i = 0; i < 8; i++) {
          parts[s - first][i / 4 * 16 + i % 4 / 2 * 8 + g][2 * t + i % 2] = sum[i / 4][i % 4];
        }
      }
      __syncthreads();
      for (int s = first; s < min(first + ROUND, segments); s++) {
        total[set] += parts[s - first][threadIdx.x % PANEL][threadIdx.x / PANEL];
      }
    }
  }
  i64 n = n0 + threadIdx.x % PANEL;
  i64 r = threadIdx.x / PANEL;
  if (n < outputs && r < a.m) {
    finish(a, r, n, total[0], total[1]);
  }
}

KERNEL(256, matmul_mma_f16, MatMulArguments) { matmul_mma<F16>(a); }
KERNEL(256, matmul_mma_bf16, MatMulArguments) { matmul_mma<BF16>(a); }
KERNEL(256, matvec_mma_f16, MatMulArguments) { matvec_mma<F16>(a); }
KERNEL(256, matvec_mma_bf16, MatMulArguments) { matvec_mma<BF16>(a); }
