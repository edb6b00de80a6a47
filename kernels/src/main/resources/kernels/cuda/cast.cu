// out = in in another type: any float, block or integer type to F32, F16 or BF16. A thread converts eight elements of a
// block type, one of others; strides are in elements.
#include "blocks.cuh"

struct CastArguments {
  View out;
  View in;
  i64 rows;
};

KERNEL(256, cast, CastArguments) {
  Format f = format_of(a.in.type);
  bool blocks = a.in.type >= Q8_0;
  i64 n = blocks ? a.in.n / 8 : a.in.n;
  for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < a.rows * n; i += (i64)gridDim.x * blockDim.x) {
    i64 r = i / n;
    i64 c = i % n;
    i64 to = vector_at(a.out, r);
    i64 from = vector_at(a.in, r);
    if (!blocks) {
      store(a.out.type, a.out.at, to + c, load(a.in.type, a.in.at, from + c));
      continue;
    }
    float w[8];
    i64 block = (from + 8 * c) / f.elements;
    unpack(a.in.type, row_block(a.in.at + block * f.bytes, f), (int)(c % (f.elements / 8)), w);
    for (int j = 0; j < 8; j++) {
      store(a.out.type, a.out.at, to + 8 * c + j, w[j]);
    }
  }
}
