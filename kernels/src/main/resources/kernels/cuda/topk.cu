// The k largest of each row of n, largest first; of equals the lowest id; a NaN is less than any number. A block of
// threads a row finds one after the other: the best of those that come after the one before.
#include "common.cuh"

struct TopKArguments {
  View values;
  View ids;
  View x;
};

// Whether (v, i) comes before (w, j).
DEVICE bool before(float v, int i, float w, int j) {
  bool v_nan = v != v;
  bool w_nan = w != w;
  if (v_nan || w_nan) {
    return v_nan == w_nan ? i < j : w_nan;
  }
  return v > w || (v == w && i < j);
}

// The first in order over a block's threads, for all of them; id -1 is nothing.
DEVICE void block_first(float &value, int &id, float *values, int *ids) {
  for (int step = WARP / 2; step > 0; step /= 2) {
    float v = __shfl_xor_sync(ALL_LANES, value, step);
    int i = __shfl_xor_sync(ALL_LANES, id, step);
    if (i >= 0 && (id < 0 || before(v, i, value, id))) {
      value = v;
      id = i;
    }
  }
  __syncthreads();
  if (threadIdx.x % WARP == 0) {
    values[threadIdx.x / WARP] = value;
    ids[threadIdx.x / WARP] = id;
  }
  __syncthreads();
  for (u32 w = 0; w < blockDim.x / WARP; w++) {
    if (ids[w] >= 0 && (id < 0 || before(values[w], ids[w], value, id))) {
      value = values[w];
      id = ids[w];
    }
  }
}

KERNEL(256, topk, TopKArguments) {
  SHARED float values[256 / WARP];
  SHARED int ids[256 / WARP];
  i64 r = blockIdx.x;
  const float *x = (const float *)a.x.at + vector_at(a.x, r);
  float last = 0;
  int last_id = -1;
  for (i64 k = 0; k < a.values.n; k++) {
    float best = 0;
    int id = -1;
    for (int i = threadIdx.x; i < a.x.n; i += blockDim.x) {
      if ((last_id < 0 || before(last, last_id, x[i], i)) && (id < 0 || before(x[i], i, best, id))) {
        best = x[i];
        id = i;
      }
    }
    block_first(best, id, values, ids);
    last = best;
    last_id = id;
    if (threadIdx.x == 0) {
      ((float *)a.values.at)[vector_at(a.values, r) + k] = best;
      ((int *)a.ids.at)[vector_at(a.ids, r) + k] = id;
    }
  }
}
