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

KERNEL(256, norm, NormArguments) {
  SHARED float space[256 / WARP];
  i64 r = blockIdx.x;
  i64 n = a.x.n;
  i64 from = vector_at(a.x, r);
  i64 to = vector_at(a.out, r);
  if (a.left.at) {
    i64 p = vector_at(a.left, r);
    i64 q = vector_at(a.right, r);
    for (i64 i = threadIdx.x; i < n; i += blockDim.x) {
      store(a.x.type, a.x.at, from + i, load(a.left.type, a.left.at, p + i) + load(a.right.type, a.right.at, q + i));
    }
  }
  float mean = 0;
  float rest = 0;
  if (a.kind == LAYER) { // the mean in two steps: far from 0, its rounding alone would show
    float sum = 0;
    for (i64 i = threadIdx.x; i < n; i += blockDim.x) {
      sum += load(a.x.type, a.x.at, from + i);
    }
    mean = block_sum(sum, space) / n;
    sum = 0;
    for (i64 i = threadIdx.x; i < n; i += blockDim.x) {
      sum += load(a.x.type, a.x.at, from + i) - mean;
    }
    rest = block_sum(sum, space) / n;
  }
  float squares = 0;
  for (i64 i = threadIdx.x; i < n; i += blockDim.x) {
    float d = load(a.x.type, a.x.at, from + i) - mean;
    squares = fmaf(d, d, squares);
  }
  squares = block_sum(squares, space);
  float variance = a.kind == LAYER ? fmaxf(0.0f, squares / n - rest * rest) : squares / n;
  float factor = a.kind == L2 ? 1 / fmaxf(sqrtf(squares), a.eps) : 1 / sqrtf(variance + a.eps);
  for (i64 i = threadIdx.x; i < n; i += blockDim.x) {
    float y = (load(a.x.type, a.x.at, from + i) - mean - rest) * factor;
    y = a.weight ? y * a.weight[i] : y;
    store(a.out.type, a.out.at, to + i, a.bias ? y + a.bias[i] : y);
  }
}
