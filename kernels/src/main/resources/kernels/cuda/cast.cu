// out = in in another type: any float, block or integer type to F32, F16 or BF16. A thread converts eight elements of
// block types and of others where they are aligned, else one; strides are in elements.
#include "blocks.cuh"

struct CastArguments {
  View out;
  View in;
  i64 rows;
};

KERNEL(256, cast, CastArguments) {
  Format f = format_of(a.in.type);
  bool blocks = a.in.type >= Q8_0;
  bool wide = a.in.type <= BF16 && is_wide(a.in);
  int in_count = blocks || (wide && is_wide(a.out)) ? 8 : 1;
  int out_count = in_count == 8 && is_wide(a.out) ? 8 : 1;
  i64 n = a.in.n / in_count;
  for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < a.rows * n; i += (i64)gridDim.x * blockDim.x) {
    i64 c = i % n * in_count;
    i64 to = vector_at(a.out, i / n) + c;
    i64 from = vector_at(a.in, i / n) + c;
    float w[8] = {};
    if (blocks) {
      i64 block = from / f.elements;
      unpack(a.in.type, row_block(a.in.at + block * f.bytes, f), (int)(c / 8 % (f.elements / 8)), w);
    } else {
      load_some(a.in.type, a.in.at, from, in_count, w);
    }
    for (int j = 0; j < in_count; j += out_count) {
      store_some(a.out.type, a.out.at, to + j, out_count, w + j);
    }
  }
}

// out in Q8_0 = in F32, as ggml's quantize_row_q8_0_ref: d = max |x| / 127, quants x (1 / d) to nearest, ties away from 0. A
// warp takes a block of 32, a lane an element.
KERNEL(256, cast_q8_0, CastArguments) {
  int lane = threadIdx.x % WARP;
  i64 blocks = a.in.n / 32;
  i64 warps = (i64)gridDim.x * blockDim.x / WARP;
  for (i64 i = (blockIdx.x * (i64)blockDim.x + threadIdx.x) / WARP; i < a.rows * blocks; i += warps) {
    i64 at = i % blocks * 32;
    float x = ((const float *)a.in.at)[vector_at(a.in, i / blocks) + at + lane];
    float d = warp_max(fabsf(x)) / 127;
    u8 *to = a.out.at + (vector_at(a.out, i / blocks) + at) / 32 * 34;
    if (lane == 0) {
      *(u16 *)to = to_f16(d);
    }
    to[2 + lane] = (u8)(signed char)roundf(d != 0 ? x * (1 / d) : 0);
  }
}
