// out = norm(x) * weight + bias over vectors of n elements, a block of threads each; with a and b, x = a + b is stored
// first. LAYER: (x - mean) / sqrt(var + eps); RMS: x / sqrt(mean(x^2) + eps); L2: x / max(sqrt(sum(x^2)), eps).
#include "common.cuh"

enum NormKind { LAYER, RMS, L2 };

struct NormArguments {
  View out;
  View x;
  View left; // null: there is no sum
  View right;
  const float *weight; // null: 1
  const float *bias;   // null: 0
  float eps;
  int kind;
};

// A row's elements eight at a time, where all tensors of the op are aligned for it, else one by one.
struct NormRow {
  i64 n;
  int count;
  i64 first; // of this thread
  i64 step;
};

// Over this thread's elements less `center`: their sum, or that of their squares.
DEVICE float row_sum(const NormRow &row, const View &x, i64 from, float center, bool squares) {
  float sum = 0;
  for (i64 i = row.first; i < row.n; i += row.step) {
    float v[8];
    load_some(x.type, x.at, from + i, row.count, v);
#pragma unroll
    for (int j = 0; j < 8; j++) {
      if (j < row.count) {
        float d = v[j] - center;
        sum = squares ? fmaf(d, d, sum) : sum + d;
      }
    }
  }
  return sum;
}

// x = left + right.
DEVICE void add_rows(const NormArguments &a, const NormRow &row, i64 r) {
  i64 p = vector_at(a.left, r);
  i64 q = vector_at(a.right, r);
  i64 to = vector_at(a.x, r);
  for (i64 i = row.first; i < row.n; i += row.step) {
    float x[8] = {};
    float y[8] = {};
    load_some(a.left.type, a.left.at, p + i, row.count, x);
    load_some(a.right.type, a.right.at, q + i, row.count, y);
#pragma unroll
    for (int j = 0; j < 8; j++) {
      x[j] += y[j];
    }
    store_some(a.x.type, a.x.at, to + i, row.count, x);
  }
}

KERNEL(256, norm, NormArguments) {
  SHARED float space[256 / WARP];
  i64 r = blockIdx.x;
  i64 n = a.x.n;
  i64 from = vector_at(a.x, r);
  i64 to = vector_at(a.out, r);
  bool wide = is_wide(a.x) && is_wide(a.out) && (!a.left.at || (is_wide(a.left) && is_wide(a.right)));
  int count = wide ? 8 : 1;
  NormRow row = {n, count, threadIdx.x * (i64)count, blockDim.x * (i64)count};
  if (a.left.at) {
    add_rows(a, row, r); // each thread reads again what it wrote
  }
  float mean = 0;
  float rest = 0;
  if (a.kind == LAYER) { // the mean in two steps: far from 0, its rounding alone would show
    mean = block_sum(row_sum(row, a.x, from, 0, false), space) / n;
    rest = block_sum(row_sum(row, a.x, from, mean, false), space) / n;
  }
  float squares = block_sum(row_sum(row, a.x, from, mean, true), space);
  float variance = a.kind == LAYER ? fmaxf(0.0f, squares / n - rest * rest) : squares / n;
  float factor = a.kind == L2 ? 1 / fmaxf(sqrtf(squares), a.eps) : 1 / sqrtf(variance + a.eps);
  for (i64 i = row.first; i < n; i += row.step) {
    float y[8] = {};
    load_some(a.x.type, a.x.at, from + i, count, y);
#pragma unroll
    for (int j = 0; j < 8; j++) {
      if (j < count) {
        y[j] = (y[j] - mean - rest) * factor;
        y[j] = a.weight ? y[j] * a.weight[i + j] : y[j];
        y[j] = a.bias ? y[j] + a.bias[i + j] : y[j];
      }
    }
    store_some(a.out.type, a.out.at, to + i, count, y);
  }
}
