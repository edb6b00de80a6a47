// out[t] = table[ids[t]]: a block of threads a row, a thread eight elements at a time; a negative id gives zeros.
#include "weights.cuh"

struct GatherArguments {
  View out;
  Weight table;
  const int *ids;
};

KERNEL(256, gather, GatherArguments) {
  i64 t = blockIdx.x;
  int id = a.ids[t];
  i64 n = a.out.n;
  i64 to = vector_at(a.out, t);
  for (i64 c = threadIdx.x; 8 * c < n; c += blockDim.x) {
    float w[8] = {};
    if (id >= 0) {
      weights(a.table, 0, id, 8 * c, w);
    }
    for (int j = 0; j < 8 && 8 * c + j < n; j++) {
      store(a.out.type, a.out.at, to + 8 * c + j, w[j]);
    }
  }
}
