// out = in as bytes; a thread moves one unit of 1, 2, 4, 8 or 16 bytes. Rows of n units; strides in units.
#include "common.cuh"

struct CopyArguments {
  u8 *out;
  const u8 *in;
  i64 out_stride;
  i64 in_stride;
  i64 rows;
  i64 n;
  int unit;
};

template <typename T> DEVICE void copy_units(const CopyArguments &a) {
  i64 count = a.rows * a.n;
  for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < count; i += (i64)gridDim.x * blockDim.x) {
    i64 r = i / a.n;
    i64 c = i % a.n;
    ((T *)a.out)[r * a.out_stride + c] = ((const T *)a.in)[r * a.in_stride + c];
  }
}

KERNEL(256, copy, CopyArguments) {
  switch (a.unit) {
  case 1:
    return copy_units<u8>(a);
  case 2:
    return copy_units<u16>(a);
  case 4:
    return copy_units<u32>(a);
  case 8:
    return copy_units<uint2>(a);
  default:
    return copy_units<uint4>(a);
  }
}
