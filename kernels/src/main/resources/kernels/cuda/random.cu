// Normal numbers for measurements, where they are wanted by the gigabyte: out[i] = deviation N(0, 1), in F32, F16 or BF16. A
// thread makes two of one counter of Philox at a time (Box and Muller 1958).
#include "philox.cuh"

struct RandomArguments {
  u8 *out;
  i64 n;
  i64 seed;
  float deviation;
  int type;
};

KERNEL(256, random, RandomArguments) {
  int state[3] = {(int)a.seed, (int)(a.seed >> 32), 0};
  for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; 2 * i < a.n; i += (i64)gridDim.x * blockDim.x) {
    float uniform = 1 - draw(state, (u32)i, (u32)(i >> 32), 0, 0);
    float radius = a.deviation * sqrtf(-2 * logf(uniform));
    float2 two;
    sincospif(2 * draw(state, (u32)i, (u32)(i >> 32), 0, 1), &two.y, &two.x);
    two.x *= radius;
    two.y *= radius;
    if (2 * i + 1 < a.n) {
      store_two(a.type, a.out, 2 * i, two);
    } else {
      store(a.type, a.out, 2 * i, two.x);
    }
  }
}
