// out = norm(x) * weight + bias over rows of n elements; KIND is 0 for layer, 1 for RMS, 2 for L2. With ADDS, x = a + b
// is stored in sum first. A row is shared by LANES work-items, which read it two or three times; out may be x.
// Estimate, which no GPU has confirmed; registers as RDNA 2's and NVIDIA's compilers give them (kernels/gpu-registers):
//   F32 8 bytes an element from and to memory, the other reads from cache; 5 FLOPs an element (RMS), 9 (layer): 1.6 and 0.9
//   bytes a FLOP, bound by memory, and with few rows by the latency of 14 (RMS) to 28 barriers. 4 LANES bytes of local memory,
//   16 to 18 registers (sm_80: 21 to 30): as many groups as a multiprocessor takes.
#include "rows.cl"
#if LANES == 1
#include "blocks.cl"
#endif

#ifndef NORM_X // types of the elements
#define NORM_X X
#define NORM_OUT OUT
#endif

#define LAYER 0
#define RMS 1
#define L2 2

#ifndef A // types of the summands, where there are some
#define A F32
#define B F32
#endif

// result: a sum over the row, v the elements, by `sum = STEP(sum, v)`. A row's only work-item takes 16 sums side by side.
#if LANES == 1
#define ROW_SUM(result, STEP)                                                                                          \
  {                                                                                                                    \
    float16 sums = 0;                                                                                                  \
    for (int i = 0; i < whole; i += 16) {                                                                              \
      sums = STEP(sums, LOAD16(NORM_X, x, from + i));                                                                  \
    }                                                                                                                  \
    result = sum_of_16(sums);                                                                                          \
    for (int i = whole; i < n; i++) {                                                                                  \
      result = STEP(result, LOAD(NORM_X, x, from + i));                                                                \
    }                                                                                                                  \
  }
#else
#define ROW_SUM(result, STEP)                                                                                          \
  {                                                                                                                    \
    for (int i = LANE; i < n; i += LANES) {                                                                            \
      result = STEP(result, LOAD(NORM_X, x, from + i));                                                                \
    }                                                                                                                  \
    result = LANE_SUM(result, space);                                                                                  \
  }
#endif
#define PLUS(sum, v) ((sum) + (v))
#define PLUS_DIFFERENCE(sum, v) ((sum) + ((v) - mean))
#define PLUS_SQUARE(sum, v) fma((v) - mean, (v) - mean, sum)

INLINE float norm_factor(float squares, int n, float eps) {
  return KIND == L2 ? 1.0f / fmax(sqrt(squares), eps) : 1.0f / sqrt(squares / n + eps);
}

// Row r of out.
INLINE_LOCAL void norm_row(OUTPUT(out), INPUT(x), FLOATS(weight), FLOATS(bias), int n, float eps,
                           int r LANE_PARAMETER(space)) {
  int whole = LANES == 1 ? n / 16 * 16 : 0; // elements taken 16 at a time
  long to = VECTOR(out, r, n);
  long from = VECTOR(x, r, n);
  float mean = 0;
  float rest = 0;
#if KIND == LAYER
  ROW_SUM(mean, PLUS)
  mean /= n;
  // The mean in two steps: far from 0, its rounding alone would show.
  ROW_SUM(rest, PLUS_DIFFERENCE)
  rest /= n;
#endif
  float squares = 0;
  ROW_SUM(squares, PLUS_SQUARE)
  float factor = norm_factor(KIND == LAYER ? fmax(0.0f, squares - rest * rest * n) : squares, n, eps);
#if LANES == 1
  for (int i = 0; i < whole; i += 16) {
    float16 y = (LOAD16(NORM_X, x, from + i) - mean - rest) * factor;
    y = weight ? y * vload16(0, weight + weight_at + i) : y;
    y = bias ? y + vload16(0, bias + bias_at + i) : y;
    const float *done = (const float *)&y;
    for (int e = 0; e < 16; e++) {
      STORE(NORM_OUT, out, to + i + e, done[e]);
    }
  }
#endif
  for (int i = LANE + whole; i < n; i += LANES) {
    float y = (LOAD(NORM_X, x, from + i) - mean - rest) * factor;
    y = weight ? y * weight[weight_at + i] : y;
    y = bias ? y + bias[bias_at + i] : y;
    STORE(NORM_OUT, out, to + i, y);
  }
}

#ifndef CHAIN
#define NORM_ARGUMENTS                                                                                                 \
  out, out_at, out_inner, out_stride, x, x_at, x_inner, x_stride, weight, weight_at, bias, bias_at, n, eps

#ifdef ADDS
ROW_KERNEL(norm)
(OUTPUT(out), OUTPUT(x), INPUT(a), INPUT(b), FLOATS(weight), FLOATS(bias), int n, float eps) {
  LANE_SPACE(space);
  long sum = VECTOR(x, GROUP_ROW, n);
  long left = VECTOR(a, GROUP_ROW, n);
  long right = VECTOR(b, GROUP_ROW, n);
  for (int i = LANE; i < n; i += LANES) {
    STORE(X, x, sum + i, LOAD(A, a, left + i) + LOAD(B, b, right + i));
  }
  norm_row(NORM_ARGUMENTS, GROUP_ROW LANE_ARGUMENT(space));
}
#else
ROW_KERNEL(norm)(OUTPUT(out), INPUT(x), FLOATS(weight), FLOATS(bias), int n, float eps) {
  LANE_SPACE(space);
  norm_row(NORM_ARGUMENTS, GROUP_ROW LANE_ARGUMENT(space));
}
#endif
#endif
