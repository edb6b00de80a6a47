// out = a + b or a * b, broadcast to rank 4: the grid's y counts rows, x columns, a thread an element. Steps are in
// elements, 0 where an operand is broadcast; dims[0] is the slowest.
#include "common.cuh"

struct Operand {
  u8 *at;
  i64 step[4];
  int type;
};

struct BroadcastArguments {
  Operand out;
  Operand left;
  Operand right;
  i64 dims[4];
};

DEVICE i64 row_of(const Operand &o, const i64 *dims, i64 r) {
  return r % dims[2] * o.step[2] + r / dims[2] % dims[1] * o.step[1] + r / dims[2] / dims[1] * o.step[0];
}

template <bool PRODUCT> DEVICE void broadcast(const BroadcastArguments &a) {
  i64 c = blockIdx.x * (i64)blockDim.x + threadIdx.x;
  if (c >= a.dims[3]) {
    return;
  }
  for (i64 r = blockIdx.y; r < a.dims[0] * a.dims[1] * a.dims[2]; r += gridDim.y) {
    i64 to = row_of(a.out, a.dims, r) + c;
    i64 x = row_of(a.left, a.dims, r) + c * a.left.step[3];
    i64 y = row_of(a.right, a.dims, r) + c * a.right.step[3];
    if (a.out.type == I32) {
      ((u32 *)a.out.at)[to] = ((const u32 *)a.left.at)[x] + ((const u32 *)a.right.at)[y];
    } else {
      float p = load(a.left.type, a.left.at, x);
      float q = load(a.right.type, a.right.at, y);
      store(a.out.type, a.out.at, to, PRODUCT ? p * q : p + q);
    }
  }
}

KERNEL(256, add, BroadcastArguments) { broadcast<false>(a); }

KERNEL(256, mul, BroadcastArguments) { broadcast<true>(a); }
