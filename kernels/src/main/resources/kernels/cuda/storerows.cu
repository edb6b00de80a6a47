// Rows of a ragged batch into cache pages, casting; a block of threads a row.
#include "sequences.cuh"

struct StoreRowsArguments {
  Pages pages;
  View rows; // vectors of KH x D
  const int *offsets;
  const int *starts;
  int sequences;
};

KERNEL(256, storerows, StoreRowsArguments) {
  i64 t = blockIdx.x;
  int b = sequence_of(a.offsets, a.starts, a.sequences, t);
  i64 to = b < 0 ? -1 : page_row(a.pages, b, (i64)a.starts[b] + t - a.offsets[b]);
  if (to >= 0) {
    i64 from = t * a.rows.stride;
    for (i64 i = threadIdx.x; i < a.pages.row; i += blockDim.x) {
      store(a.pages.type, a.pages.at, to + i, load(a.rows.type, a.rows.at, from + i));
    }
  }
}
