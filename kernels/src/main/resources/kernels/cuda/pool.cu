// One row for each segment of rows: out [B, n], x [T, n], offsets [B + 1]; a thread a column of a segment.
#include "common.cuh"

enum PoolKind { MEAN, FIRST, LAST, MAX };

struct PoolArguments {
  View out;
  View x;
  const int *offsets;
  int kind;
};

KERNEL(256, pool, PoolArguments) {
  i64 b = blockIdx.x;
  i64 c = blockIdx.y * (i64)blockDim.x + threadIdx.x;
  if (c >= a.out.n) {
    return;
  }
  int first = a.offsets[b];
  int end = a.offsets[b + 1];
  float y = 0;
  if (end > first) {
    y = load(a.x.type, a.x.at, vector_at(a.x, a.kind == LAST ? end - 1 : first) + c);
    for (int t = first + 1; t < end && (a.kind == MEAN || a.kind == MAX); t++) {
      float v = load(a.x.type, a.x.at, vector_at(a.x, t) + c);
      y = a.kind == MEAN ? y + v : fmaxf(y, v);
    }
    y = a.kind == MEAN ? y / (end - first) : y;
  }
  store(a.out.type, a.out.at, vector_at(a.out, b) + c, y);
}
