// Few rows of x in blocks of Q8_0, by weights of block types: four products of bytes an instruction (dp4a).
#include "bytes.cuh"
#include "matvec.cuh"

#define X_GROUPS (SEGMENT / 32)

// A segment of a row of x: its quants by words, what they sum to, and scales.
struct XSegment {
  u32 quants[X_GROUPS][8];
  int sums[X_GROUPS][2];
  float scales[X_GROUPS];
};

// A lane takes a block of a row; blocks behind the end and rows that are not there are zeros.
template <int ROWS> DEVICE void load_segments(const MatMulArguments &a, i64 first, int segment, XSegment *xs) {
  __syncwarp();
  for (int i = threadIdx.x % WARP; i < ROWS * X_GROUPS; i += WARP) {
    int m = i / X_GROUPS;
    i64 group = segment * (i64)X_GROUPS + i % X_GROUPS;
    XSegment &to = xs[m];
    bool there = first + m < a.m && group * 32 < a.w.k;
    const u16 *from = (const u16 *)(there ? x_blocks(a, first + m) + group * X_BLOCK : a.x.at);
    to.scales[i % X_GROUPS] = there ? from_f16(from[0]) : 0;
    int sums[2] = {0, 0};
    for (int j = 0; j < 8; j++) {
      u32 word = there ? from[1 + 2 * j] | (u32)from[2 + 2 * j] << 16 : 0;
      to.quants[i % X_GROUPS][j] = word;
      sums[j / 4] = __dp4a((int)word, 0x01010101, sums[j / 4]);
    }
    to.sums[i % X_GROUPS][0] = sums[0];
    to.sums[i % X_GROUPS][1] = sums[1];
  }
  __syncwarp();
}

// The sums over one segment for this lane's row of w and ROWS rows of x.
template <int TYPE, int ROWS>
DEVICE void segment_bytes(const MatMulArguments &a, i64 first, i64 n, int segment, XSegment *xs, float *sums) {
  Format f = format_of(TYPE);
  int within = f.elements / 32; // groups of a block
  i64 blocks = a.w.k / f.elements;
  load_segments<ROWS>(a, first, segment, xs);
  for (int m = 0; m < ROWS; m++) {
    sums[m] = 0;
  }
  int to = (int)(min((segment + 1) * (i64)SEGMENT, a.w.k) / 32);
  for (int group = segment * X_GROUPS; group < to; group++) {
    Block b = panel_block(a.w.view.at, f, blocks, n, group / within);
    int g = group % within;
    u32 w[8];
    load_quants(TYPE, b, g, w);
    float2 scales = scales_of(TYPE, load_group(TYPE, b, g, 0), g);
    for (int m = 0; m < ROWS; m++) {
      const XSegment &x = xs[m];
      int products[2] = {0, 0};
#pragma unroll
      for (int j = 0; j < 8; j++) {
        products[j / 4] = __dp4a((int)w[j], (int)x.quants[group % X_GROUPS][j], products[j / 4]);
      }
      sums[m] = add_group(TYPE, sums[m], products, x.sums[group % X_GROUPS], scales, x.scales[group % X_GROUPS]);
    }
  }
}

template <int TYPE, int ROWS> DEVICE void matvec_bytes(const MatMulArguments &a) {
  SHARED XSegment xs[WARPS][ROWS];
  matvec<ROWS>(a, [&](i64 first, i64 n, int segment, float *sums) {
    segment_bytes<TYPE, ROWS>(a, first, n, segment, xs[threadIdx.x / WARP], sums);
  });
}

#define MATVEC_BYTES(name, type)                                                                                       \
  KERNEL(256, matvec_bytes_##name##_1, MatMulArguments) { matvec_bytes<type, 1>(a); }                                  \
  KERNEL(256, matvec_bytes_##name##_4, MatMulArguments) { matvec_bytes<type, 4>(a); }

MATVEC_BYTES(q8_0, Q8_0)
MATVEC_BYTES(q4_0, Q4_0)
MATVEC_BYTES(q4_1, Q4_1)
MATVEC_BYTES(q5_0, Q5_0)
MATVEC_BYTES(q5_1, Q5_1)
MATVEC_BYTES(q4_k, Q4_K)
MATVEC_BYTES(q5_k, Q5_K)
MATVEC_BYTES(q6_k, Q6_K)
