// Few rows of x in F32 arithmetic, by weights of any type.
#include "matvec.cuh"

#define PART 32 // of k

// The sums over one segment for this lane's row of w and ROWS rows of x.
template <int TYPE, int ROWS>
DEVICE void segment_sums(const MatMulArguments &a, i64 first, i64 n, int segment, float (*xs)[PART], float *sums) {
  Format f = format_of(TYPE);
  int lane = threadIdx.x % WARP;
  i64 blocks = (a.w.k + f.elements - 1) / f.elements;
  for (int m = 0; m < ROWS; m++) {
    sums[m] = 0;
  }
  i64 from = (i64)segment * SEGMENT;
  for (i64 k = from; k < from + SEGMENT && k < a.w.k; k += PART) {
    __syncwarp();
    for (int m = 0; m < ROWS; m++) {
      bool there = first + m < a.m && k + lane < a.w.k;
      xs[m][lane] = there ? load(a.x.type, a.x.at, vector_at(a.x, first + m) + k + lane) : 0;
    }
    __syncwarp();
    Block b = panel_block(a.w.view.at, f, blocks, n, k / f.elements);
#pragma unroll
    for (int e = 0; e < PART / 8; e++) {
      float w[8];
      unpack_panel(TYPE, b, (int)(k % f.elements / 8) + e, w);
      for (int m = 0; m < ROWS; m++) {
#pragma unroll
        for (int j = 0; j < 8; j++) {
          sums[m] = fmaf(xs[m][8 * e + j], w[j], sums[m]);
        }
      }
    }
  }
}

template <int TYPE, int ROWS> DEVICE void matvec_floats(const MatMulArguments &a) {
  SHARED float xs[WARPS][ROWS][PART];
  matvec<ROWS>(a, [&](i64 first, i64 n, int segment, float *sums) {
    segment_sums<TYPE, ROWS>(a, first, n, segment, xs[threadIdx.x / WARP], sums);
  });
}

#define MATVEC(name, type)                                                                                             \
  KERNEL(256, matvec_##name##_1, MatMulArguments) { matvec_floats<type, 1>(a); }                                       \
  KERNEL(256, matvec_##name##_4, MatMulArguments) { matvec_floats<type, 4>(a); }

MATVEC(f32, F32)
MATVEC(f16, F16)
MATVEC(bf16, BF16)
MATVEC(q8_0, Q8_0)
MATVEC(q4_0, Q4_0)
MATVEC(q4_1, Q4_1)
MATVEC(q5_0, Q5_0)
MATVEC(q5_1, Q5_1)
MATVEC(q4_k, Q4_K)
MATVEC(q5_k, Q5_K)
MATVEC(q6_k, Q6_K)
