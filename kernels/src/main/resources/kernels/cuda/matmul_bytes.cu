// Many rows of x in blocks of Q8_0, by weights of block types, on tensor cores that multiply bytes. A block of threads takes
// 128 rows of w by 64 of x, a warp 32 by 32 of them, a group of 32 of k a step: both operands are loaded a step ahead into
// registers, and go to shared memory as lane t of four multiplies them: elements 4 t to 4 t + 3 and 16 on.
#include "bytes.cuh"
#include "matmul_mma.cuh"

#define BYTES_COLUMNS 128
#define BYTES_ROWS 64

// Two steps' operands, then the tile's sums.
union ByteTiles {
  struct {
    uint2 ws[2][4][BYTES_COLUMNS + 4]; // so padded that lanes t read different banks
    uint2 xs[2][4][BYTES_ROWS + 4];
    float2 scales[2][BYTES_COLUMNS];
    float x_scales[2][BYTES_ROWS];
    int x_sums[2][BYTES_ROWS][2]; // of both sixteen
  } in;
  float sums[BYTES_ROWS * (BYTES_COLUMNS + SUMS_PAD)];
};

struct BytesTile {
  ByteTiles *tiles;
  TilePlace place;
  Format f;
  int type;
  int groups;
  int row; // whose operands this thread loads: of x, and with 64 on of w
  int t;   // of this lane
  int columns; // of the tile, this warp's first
  int rows;
  RawGroup raw[2];
  uint2 x;
  float x_scale;

  DEVICE_MEMBER void begin(const MatMulArguments &a, ByteTiles *shared) {
    tiles = shared;
    place = tile_place(a, BYTES_ROWS);
    type = a.w.view.type;
    f = format_of(type);
    groups = (int)(a.w.k / 32);
    row = threadIdx.x / 4;
    t = threadIdx.x % 4;
    columns = threadIdx.x / WARP % 4 * 32;
    rows = threadIdx.x / WARP / 4 * 32;
  }

  DEVICE_MEMBER void load(const MatMulArguments &a, int group) {
    if (group >= groups) {
      return;
    }
    int within = f.elements / 32;
#pragma unroll
    for (int i = 0; i < 2; i++) {
      i64 n = mma_column(a, place.column, BYTES_COLUMNS, row + 64 * i);
      Block b = panel_block(a.w.view.at, f, a.w.k / f.elements, n < a.w.n ? n : 0, group / within);
      raw[i] = load_group(type, b, group % within, t);
    }
    i64 r = place.row * BYTES_ROWS + row;
    const u16 *from = (const u16 *)(x_blocks(a, r < a.m ? r : 0) + group * (i64)X_BLOCK);
    const u16 *quants = from + 1 + 2 * t;
    x_scale = from_f16(from[0]);
    x = make_uint2(quants[0] | (u32)quants[1] << 16, quants[8] | (u32)quants[9] << 16);
  }

  DEVICE_MEMBER void store(int group) {
    int within = group % (f.elements / 32);
    int stage = group % 2;
    auto &in = tiles->in;
#pragma unroll
    for (int i = 0; group < groups && i < 2; i++) {
      in.ws[stage][t][row + 64 * i] = bytes_of(type, raw[i], within, t);
      if (t == 0) {
        in.scales[stage][row + 64 * i] = scales_of(type, raw[i], within);
      }
    }
    int sums[2] = {__dp4a((int)x.x, 0x01010101, 0), __dp4a((int)x.y, 0x01010101, 0)};
#pragma unroll
    for (int i = 0; i < 2; i++) {
      sums[i] += __shfl_xor_sync(ALL_LANES, sums[i], 1);
      sums[i] += __shfl_xor_sync(ALL_LANES, sums[i], 2);
    }
    in.xs[stage][t][row] = x;
    if (t == 0) {
      in.x_scales[stage][row] = x_scale;
      in.x_sums[stage][row][0] = sums[0];
      in.x_sums[stage][row][1] = sums[1];
    }
  }

  DEVICE_MEMBER void multiply(int group, float (*sum)[4][4]) const {
    auto &in = tiles->in;
    int g = threadIdx.x % WARP / 4;
    int stage = group % 2;
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int n = columns + 16 * i + g;
      uint2 upper = in.ws[stage][t][n];
      uint2 lower = in.ws[stage][t][n + 8];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        uint2 right = in.xs[stage][t][rows + 8 * j + g];
        int first[4];
        int second[4] = {};
        if (type == Q6_K) {
          mma_bytes<16>(first, upper.x, lower.x, 0, 0, right.x, 0);
          mma_bytes<16>(second, upper.y, lower.y, 0, 0, right.y, 0);
        } else {
          mma_bytes<32>(first, upper.x, lower.x, upper.y, lower.y, right.x, right.y);
        }
#pragma unroll
        for (int e = 0; e < 4; e++) {
          int m = rows + 8 * j + 2 * t + e % 2;
          int products[2] = {first[e], second[e]};
          float2 scales = in.scales[stage][n + e / 2 * 8];
          sum[i][j][e] = add_group(type, sum[i][j][e], products, in.x_sums[stage][m], scales, in.x_scales[stage][m]);
        }
      }
    }
  }
};

KERNEL(256, matmul_bytes, MatMulArguments) {
  SHARED ByteTiles tiles;
  BytesTile tile;
  tile.begin(a, &tiles);
  float total[2][4][4] = {};
  float sum[2][4][4] = {};
  tile.load(a, 0);
  for (int group = 0; group < tile.groups; group++) {
    tile.store(group);
    __syncthreads(); // this group is there, and nobody reads the one before the last any more
    tile.load(a, group + 1);
    tile.multiply(group, sum);
    if ((group + 1) % (SEGMENT / 32) == 0 || group + 1 == tile.groups) {
      end_segment(total, sum);
    }
  }
  finish_tile<BYTES_COLUMNS, BYTES_ROWS>(a, tile.place, tiles.sums, total, tile.rows, tile.columns);
}
