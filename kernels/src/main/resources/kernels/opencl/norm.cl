// out = norm(x) * weight + bias over rows of n elements; KIND is 0 for layer, 1 for RMS, 2 for L2. With ADDS, x = a + b
// is stored in sum first. A row is shared by LANES work-items, which read it two or three times; out may be x.
// Estimate, which no GPU has confirmed; registers as RDNA 2's and NVIDIA's compilers give them (kernels/gpu-registers):
//   F32 8 bytes an element from and to memory, the other reads from cache; 5 FLOPs an element (RMS), 9 (layer): 1.6 and 0.9
//   bytes a FLOP, bound by memory, and with few rows by the latency of 14 (RMS) to 28 barriers. 4 LANES bytes of local memory,
//   16 to 18 registers (sm_80: 21 to 30): as many groups as a multiprocessor takes.
#include "rows.cl"

#define LAYER 0
#define RMS 1
#define L2 2

#ifndef A // types of the summands, where there are some
#define A F32
#define B F32
#endif

INLINE float norm_factor(float squares, int n, float eps) {
  return KIND == L2 ? 1.0f / fmax(sqrt(squares), eps) : 1.0f / sqrt(squares / n + eps);
}

ROW_KERNEL(norm)
#ifdef ADDS
(OUTPUT(out), OUTPUT(x), INPUT(a), INPUT(b), FLOATS(weight), FLOATS(bias), int n, float eps)
#else
(OUTPUT(out), INPUT(x), FLOATS(weight), FLOATS(bias), int n, float eps)
#endif
{
  LANE_SPACE(space);
  int r = GROUP_ROW;
  long to = VECTOR(out, r, n);
  long from = VECTOR(x, r, n);
#ifdef ADDS
  long left = VECTOR(a, r, n);
  long right = VECTOR(b, r, n);
  for (int i = LANE; i < n; i += LANES) {
    STORE(X, x, from + i, LOAD(A, a, left + i) + LOAD(B, b, right + i));
  }
#endif
  float mean = 0;
  float rest = 0;
#if KIND == LAYER
  {
    ANY_ORDER
    for (int i = LANE; i < n; i += LANES) {
      mean += LOAD(X, x, from + i);
    }
  }
  mean = LANE_SUM(mean, space) / n;
  // The mean in two steps: far from 0, its rounding alone would show.
  {
    ANY_ORDER
    for (int i = LANE; i < n; i += LANES) {
      float d = LOAD(X, x, from + i) - mean;
      rest += d;
    }
  }
  rest = LANE_SUM(rest, space) / n;
#endif
  float squares = 0;
  {
    ANY_ORDER
    for (int i = LANE; i < n; i += LANES) {
      float d = LOAD(X, x, from + i) - mean;
      squares = fma(d, d, squares);
    }
  }
  squares = LANE_SUM(squares, space);
  float factor = norm_factor(KIND == LAYER ? fmax(0.0f, squares - rest * rest * n) : squares, n, eps);
  for (int i = LANE; i < n; i += LANES) {
    float y = (LOAD(X, x, from + i) - mean - rest) * factor;
    y = weight ? y * weight[weight_at + i] : y;
    y = bias ? y + bias[bias_at + i] : y;
    STORE(OUT, out, to + i, y);
  }
}
