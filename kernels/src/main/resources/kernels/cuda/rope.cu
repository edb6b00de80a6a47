// Rotates the first 2 half of n elements of each head (Su et al. 2021); a thread takes a pair, or an element that is
// copied. cos_sin [positions, 2, half].
#include "common.cuh"

struct RopeArguments {
  View out; // vectors of a head
  View x;
  const float *cos_sin;
  const int *positions;
  i64 rows; // tokens times heads
  int heads;
  int half;
  int interleaved;
};

KERNEL(256, rope, RopeArguments) {
  i64 n = a.x.n - a.half; // pairs and single elements of a head
  for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < a.rows * n; i += (i64)gridDim.x * blockDim.x) {
    i64 r = i / n;
    i64 m = i % n;
    i64 to = vector_at(a.out, r);
    i64 from = vector_at(a.x, r);
    if (m >= a.half) {
      store(a.out.type, a.out.at, to + a.half + m, load(a.x.type, a.x.at, from + a.half + m));
      continue;
    }
    i64 first = a.interleaved ? 2 * m : m;
    i64 second = a.interleaved ? 2 * m + 1 : m + a.half;
    float p = load(a.x.type, a.x.at, from + first);
    float q = load(a.x.type, a.x.at, from + second);
    int position = a.positions[r / a.heads];
    float c = position < 0 ? 1 : a.cos_sin[(i64)position * 2 * a.half + m];
    float s = position < 0 ? 0 : a.cos_sin[(i64)position * 2 * a.half + a.half + m];
    store(a.out.type, a.out.at, to + first, position < 0 ? p : p * c - q * s);
    store(a.out.type, a.out.at, to + second, position < 0 ? q : p * s + q * c);
  }
}
