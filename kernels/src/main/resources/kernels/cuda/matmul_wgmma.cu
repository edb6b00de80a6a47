// Products of F16 or BF16 with weights of the same type in panels, on Hopper's tensor cores as warp groups use them (the
// design of NVIDIA's CUTLASS and of Shankhdhar's fast.cu): a block takes 128 rows of x by 256 rows of w, tile after
// tile. One thread has the copy engine fetch 64 of k of both, up to four times ahead; two warp groups multiply 64 rows of x
// each, and finish their sums while the next tile's operands arrive.
//
// A stage: x [128 rows][64 of k], swizzled by 128 bytes, and w [8 times 8 of k][8 panels][32 rows][8 of k]: panels as they
// lie in memory, which is how wgmma takes operands that are not swizzled. 48 KiB a stage, four of them: one block a multiprocessor. 85
// FLOP for a byte read from L2. Registers: 128 a thread for sums, of 240.
//
// Sums go over all of k at once, sixteen at a time, unlike those of matmul_mma.cu: so a row's bits depend on which of the
// two takes it.
#include "hopper.cuh"
#include "matmul_mma.cuh"

struct WgmmaArguments {
  MatMulArguments product;
  TensorMap x; // [m][k]
  TensorMap w; // [chunks of 8 of k][gate and up][panels][32 rows, 8 of k]
};

#ifdef HOPPER
namespace wgmma_tile {
const int TILE_ROWS = 128;
const int TILE_COLUMNS = 256;
const int STEP = 64; // of k
const int RING = 4;  // stages
const int SLAB = 32; // columns that a warp finishes at a time
const int SLAB_PAD = 8;
const int MULTIPLYING = 8; // warps

struct Shared {
  struct {
    u16 x[TILE_ROWS * STEP];
    u16 w[TILE_COLUMNS * STEP];
  } stages[RING];
  float sums[MULTIPLYING][16 * (SLAB + SLAB_PAD)];
  u64 full[RING];
  u64 empty[RING];
};

// A stage, and the parity of the phase in which it is full; the next ones in turn.
struct Turn {
  int stage;
  u32 parity;

  DEVICE_MEMBER void next() {
    stage = (stage + 1) % RING;
    parity ^= stage == 0;
  }
};

DEVICE u32 tiles(const MatMulArguments &a) {
  int width = a.gated ? TILE_COLUMNS / 2 : TILE_COLUMNS;
  i64 outputs = a.gated ? a.w.n / 2 : a.w.n;
  return (u32)((a.m + TILE_ROWS - 1) / TILE_ROWS * ((outputs + width - 1) / width));
}

DEVICE int steps(const MatMulArguments &a) { return (int)((a.w.k + STEP - 1) / STEP); }

// One thread's work: every step of every tile of this block, as soon as its stage is empty.
DEVICE void load(const WgmmaArguments &a, Shared &s) {
  Turn turn = {0, 0};
  int panels = (a.product.gated ? TILE_COLUMNS / 2 : TILE_COLUMNS) / PANEL;
  for (u32 i = blockIdx.x; i < tiles(a.product); i += gridDim.x) {
    TilePlace tile = tile_place(a.product, TILE_ROWS, i, tiles(a.product));
    for (int step = 0; step < steps(a.product); step++) {
      auto &to = s.stages[turn.stage];
      u64 *full = &s.full[turn.stage];
      barrier_wait(&s.empty[turn.stage], turn.parity ^ 1);
      barrier_expect(full, sizeof to);
      load_box(to.x, a.x, step * STEP, (int)tile.row * TILE_ROWS, full);
      load_box(to.w, a.w, 0, (int)tile.column * panels, 0, step * (STEP / 8), full);
      turn.next();
    }
  }
}

// Stages may be filled again once all warps that multiply say so.
DEVICE void release(Shared &s, int stage) {
  if (threadIdx.x % WARP == 0) {
    barrier_arrive(&s.empty[stage]);
  }
}

// The sums of 64 rows of a tile, a step behind the tensor cores.
template <int TYPE> DEVICE void multiply(Shared &s, int group, int steps, Turn &turn, float *sum) {
  int before = -1;
  for (int step = 0; step < steps; step++) {
    barrier_wait(&s.full[turn.stage], turn.parity);
    auto &from = s.stages[turn.stage];
    wgmma_begin(sum);
#pragma unroll
    for (int k = 0; k < STEP; k += 16) {
      u64 x = operand(&from.x[group * 64 * STEP + k], 0, 8 * STEP * 2, BY_128_BYTES);
      u64 w = operand(&from.w[TILE_COLUMNS * k], TILE_COLUMNS * 16, 8 * 16, UNSWIZZLED);
      wgmma<TYPE>(sum, x, w, step > 0 || k > 0);
    }
    wgmma_commit();
    wgmma_wait<1>(sum);
    if (before >= 0) {
      release(s, before);
    }
    before = turn.stage;
    turn.next();
  }
  wgmma_wait<0>(sum);
  release(s, before);
}

// Finishes a warp's 16 rows, SLAB columns at a time: with gate and up, 16 gates and what they belong to.
DEVICE void finish_rows(const MatMulArguments &a, const TilePlace &tile, int row, const float *sum, float *slab) {
  int g = threadIdx.x % WARP / 4;
  int t = threadIdx.x % 4;
  int width = a.gated ? SLAB / 2 : SLAB;
#pragma unroll
  for (int i = 0; i < TILE_COLUMNS / SLAB; i++) {
    __syncwarp(); // the slab before is read
#pragma unroll
    for (int e = 0; e < SLAB / 2; e += 2) { // of tile e / 4 of eight columns
      int plain = 16 * i + e;
      int gated = (2 * i + e / 4 % 2 + e / 8 * (TILE_COLUMNS / 16)) * 4 + e % 4;
      float2 two = a.gated ? make_float2(sum[gated], sum[gated + 1]) : make_float2(sum[plain], sum[plain + 1]);
      *(float2 *)&slab[(g + e % 4 / 2 * 8) * (SLAB + SLAB_PAD) + e / 4 * 8 + 2 * t] = two;
    }
    __syncwarp();
    i64 column = tile.column * (TILE_COLUMNS / SLAB) * width + i * width;
    finish_sums<SLAB, 16, SLAB_PAD>(a, tile.row * TILE_ROWS + row, column, slab, threadIdx.x % WARP, WARP);
  }
}

template <int TYPE> DEVICE void multiply_tiles(const MatMulArguments &a, Shared &s) {
  int group = threadIdx.x / WARP_GROUP - 1;
  int warp = threadIdx.x / WARP - WARP_GROUP / WARP;
  Turn turn = {0, 0};
  for (u32 i = blockIdx.x; i < tiles(a); i += gridDim.x) {
    float sum[TILE_COLUMNS / 2];
    multiply<TYPE>(s, group, steps(a), turn, sum);
    finish_rows(a, tile_place(a, TILE_ROWS, i, tiles(a)), 16 * warp, sum, s.sums[warp]);
  }
}

template <int TYPE> DEVICE void matmul(const WgmmaArguments &a) {
  DYNAMIC_SHARED(u8, stages_and_sums);
  Shared &s = *(Shared *)(((u64)stages_and_sums + 1023) / 1024 * 1024); // as swizzling wants it
  if (threadIdx.x == 0) {
    for (int i = 0; i < RING; i++) {
      barrier_init(&s.full[i], 1);
      barrier_init(&s.empty[i], MULTIPLYING);
    }
    publish_barriers();
  }
  __syncthreads();
  if (threadIdx.x < WARP_GROUP) {
    keep_registers<24>();
    if (threadIdx.x == 0) {
      load(a, s);
    }
  } else {
    take_registers<240>();
    multiply_tiles<TYPE>(a.product, s);
  }
}
} // namespace wgmma_tile

KERNEL_ALONE(384, matmul_wgmma_f16, WgmmaArguments) { wgmma_tile::matmul<F16>(a); }
KERNEL_ALONE(384, matmul_wgmma_bf16, WgmmaArguments) { wgmma_tile::matmul<BF16>(a); }
#else
// Other GPUs: the host never launches these kernels there.
KERNEL_ALONE(384, matmul_wgmma_f16, WgmmaArguments) { __trap(); }
KERNEL_ALONE(384, matmul_wgmma_bf16, WgmmaArguments) { __trap(); }
#endif
