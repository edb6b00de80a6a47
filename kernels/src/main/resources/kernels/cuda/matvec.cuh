// Products of a few rows with weights in panels: the decode step, bound by the bytes of w. A block takes a panel of 32 rows
// of w (with gate and up, one of each), a warp a segment of k at a time, a lane a row. The lanes' loads of a chunk are
// neighbours; x passes through shared memory and is read by all lanes at once.
#pragma once
#include "matmul.cuh"

#define WARPS 8

// The products of ROWS rows of x; segment_sums(first row of x, row of w, segment, sums) gives those of a segment.
template <int ROWS, typename SegmentSums> DEVICE void matvec(const MatMulArguments &a, SegmentSums segment_sums) {
  DYNAMIC_SHARED(float, parts); // [gate and up][segments][ROWS][32]
  int warp = threadIdx.x / WARP;
  int lane = threadIdx.x % WARP;
  i64 first = blockIdx.y * (i64)ROWS;
  i64 outputs = a.gated ? a.w.n / 2 : a.w.n;
  i64 n = blockIdx.x * (i64)PANEL + lane;
  int segments = (int)((a.w.k + SEGMENT - 1) / SEGMENT);
  for (int s = warp; s < segments * (a.gated ? 2 : 1); s += WARPS) {
    float sums[ROWS];
    i64 row = s < segments ? n : n + outputs;
    // Lanes behind the last output read any row of theirs, and nobody their sums.
    segment_sums(first, n < outputs ? row : 0, s % segments, sums);
    for (int m = 0; m < ROWS; m++) {
      parts[(s * ROWS + m) * WARP + lane] = sums[m];
    }
  }
  __syncthreads();
  for (int m = warp; m < ROWS; m += WARPS) {
    if (n < outputs && first + m < a.m) {
      float total[2] = {};
      for (int s = 0; s < segments * (a.gated ? 2 : 1); s++) {
        total[s / segments] += parts[(s * ROWS + m) * WARP + lane];
      }
      finish(a, first + m, n, total[0], total[1]);
    }
  }
}
