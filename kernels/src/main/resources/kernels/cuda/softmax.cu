// out = softmax(scale * x + mask) or its logarithm over vectors of n elements, a block of threads each.
#include "common.cuh"

struct SoftmaxArguments {
  View out;
  View x;
  const float *mask; // null: none
  i64 step[4];       // of the mask, from the last dimension; 0: broadcast
  i64 dims[4];       // of x, from the last
  float scale;
  int causal;
  int log;
};

KERNEL(256, softmax, SoftmaxArguments) {
  SHARED float space[256 / WARP];
  i64 r = blockIdx.x;
  i64 n = a.x.n;
  const float *x = (const float *)a.x.at + vector_at(a.x, r);
  float *y = (float *)a.out.at + vector_at(a.out, r);
  const float *mask = a.mask;
  i64 rest = r;
  for (int d = 1; d < 4 && mask; d++) {
    mask += rest % a.dims[d] * a.step[d];
    rest /= a.dims[d];
  }
  i64 visible = a.causal && r % a.dims[1] + 1 < n ? r % a.dims[1] + 1 : n;
  float most = -INFINITE;
  for (i64 i = threadIdx.x; i < visible; i += blockDim.x) {
    float s = a.scale * x[i];
    y[i] = mask ? s + mask[i * a.step[0]] : s;
    most = fmaxf(most, y[i]);
  }
  most = block_max(most, space);
  bool none = most == -INFINITE;
  float sum = 0;
  for (i64 i = threadIdx.x; i < visible && !none; i += blockDim.x) {
    float e = expf(y[i] - most);
    y[i] = a.log ? y[i] : e;
    sum += e;
  }
  sum = block_sum(sum, space);
  float less = logf(sum);
  float factor = 1 / sum;
  for (i64 i = threadIdx.x; i < n; i += blockDim.x) {
    bool shown = !none && i < visible;
    if (a.log) { // the maximum and the logarithm apart: their sum would round a small one away
      y[i] = shown ? y[i] - most - less : -INFINITE;
    } else {
      y[i] = shown ? y[i] * factor : 0;
    }
  }
}
