// out = out_scale * fn(in_scale * in), and dropout; a thread one element or, where they are aligned, eight.
#include "philox.cuh"

struct ActivateArguments {
  View out;
  View in;
  i64 rows;
  float in_scale;
  float out_scale;
  int fn;
};

KERNEL(256, activate, ActivateArguments) {
  int count = is_wide(a.in) && is_wide(a.out) ? 8 : 1;
  i64 n = a.in.n / count;
  for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < a.rows * n; i += (i64)gridDim.x * blockDim.x) {
    float x[8] = {};
    i64 c = i % n * count;
    load_some(a.in.type, a.in.at, vector_at(a.in, i / n) + c, count, x);
#pragma unroll
    for (int j = 0; j < 8; j++) {
      x[j] = a.out_scale * activate(a.fn, a.in_scale * x[j]);
    }
    store_some(a.out.type, a.out.at, vector_at(a.out, i / n) + c, count, x);
  }
}

struct DropoutArguments {
  View out;
  View in;
  i64 rows;
  const int *state;
  float probability;
};

// Element e draws number e % 4 of counter (e / 4 low, e / 4 high, 0).
KERNEL(256, dropout, DropoutArguments) {
  i64 n = a.in.n;
  for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < a.rows * n; i += (i64)gridDim.x * blockDim.x) {
    float x = load(a.in.type, a.in.at, vector_at(a.in, i / n) + i % n);
    u64 counter = (u64)i / 4;
    bool kept = draw(a.state, (u32)counter, (u32)(counter >> 32), 0, (int)(i % 4)) >= a.probability;
    store(a.out.type, a.out.at, vector_at(a.out, i / n) + i % n, kept ? x / (1 - a.probability) : 0);
  }
}

// Runs behind a kernel that drew: the next one draws other numbers.
KERNEL(32, advance, AdvanceArguments) {
  if (threadIdx.x == 0) {
    a.state[2] = (int)((u32)a.state[2] + 1);
  }
}
