// out = value; the host has made the value's bits of 1, 2 or 4 bytes.
#include "common.cuh"

struct FillArguments {
  u8 *out;
  i64 stride;
  i64 rows;
  i64 n;
  u32 bits;
  int unit;
};

KERNEL(256, fill, FillArguments) {
  i64 count = a.rows * a.n;
  for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < count; i += (i64)gridDim.x * blockDim.x) {
    i64 at = i / a.n * a.stride + i % a.n;
    if (a.unit == 4) {
      ((u32 *)a.out)[at] = a.bits;
    } else if (a.unit == 2) {
      ((u16 *)a.out)[at] = (u16)a.bits;
    } else {
      a.out[at] = (u8)a.bits;
    }
  }
}
