// out = a + b or a * b, broadcast to rank 4: the grid's y counts rows, x columns, a thread one element or, where they are
// aligned, eight. Steps are in elements, 0 where an operand is broadcast; dims[0] is the slowest.
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

// Whether eight columns can be taken together: neighbours on 16-byte boundaries, or one element for all.
DEVICE bool is_wide(const Operand &o) {
  i64 steps = o.step[0] | o.step[1] | o.step[2];
  return o.type != I32 && (o.step[3] == 0 || (o.step[3] == 1 && steps % 8 == 0 && (u64)o.at % 16 == 0));
}

DEVICE void load_operand(const Operand &o, const i64 *dims, i64 r, i64 c, int count, float *x) {
  i64 at = row_of(o, dims, r) + c * o.step[3];
  load_some(o.type, o.at, at, o.step[3] == 0 ? 1 : count, x);
  for (int j = 1; o.step[3] == 0 && j < 8; j++) {
    x[j] = x[0];
  }
}

template <bool PRODUCT> DEVICE void broadcast(const BroadcastArguments &a) {
  bool wide = a.dims[3] % 8 == 0 && a.out.step[3] == 1 && is_wide(a.out) && is_wide(a.left) && is_wide(a.right);
  int count = wide ? 8 : 1;
  i64 threads = (i64)gridDim.x * blockDim.x;
  for (i64 r = blockIdx.y; r < a.dims[0] * a.dims[1] * a.dims[2]; r += gridDim.y) {
    for (i64 c = (blockIdx.x * (i64)blockDim.x + threadIdx.x) * count; c < a.dims[3]; c += threads * count) {
      i64 to = row_of(a.out, a.dims, r) + c;
      if (a.out.type == I32) {
        i64 x = row_of(a.left, a.dims, r) + c * a.left.step[3];
        i64 y = row_of(a.right, a.dims, r) + c * a.right.step[3];
        ((u32 *)a.out.at)[to] = ((const u32 *)a.left.at)[x] + ((const u32 *)a.right.at)[y];
        continue;
      }
      float p[8] = {};
      float q[8] = {};
      load_operand(a.left, a.dims, r, c, count, p);
      load_operand(a.right, a.dims, r, c, count, q);
#pragma unroll
      for (int j = 0; j < 8; j++) {
        p[j] = PRODUCT ? p[j] * q[j] : p[j] + q[j];
      }
      store_some(a.out.type, a.out.at, to, count, p);
    }
  }
}

KERNEL(256, add, BroadcastArguments) { broadcast<false>(a); }

KERNEL(256, mul, BroadcastArguments) { broadcast<true>(a); }
