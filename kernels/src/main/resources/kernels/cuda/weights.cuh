// A matrix [N, K] that products and gathers read, in any type and layout.
#pragma once
#include "blocks.cuh"

enum WeightLayout { ROWS, COLUMNS, PANELS }; // [N, K], [K, N], or panels of 32 rows

struct Weight {
  View view; // of vectors of K (ROWS) or N (COLUMNS) elements
  i64 n;
  i64 k;
  int layout;
};

// Eight elements from k of row n in a batch, zeros behind the row's end; k is a multiple of 8.
DEVICE void weights(const Weight &w, i64 batch, i64 n, i64 k, float *to) {
  int type = w.view.type;
  Format f = format_of(type);
  if (w.layout == PANELS) {
    i64 blocks = (w.k + f.elements - 1) / f.elements;
    unpack_panel(type, panel_block(w.view.at, f, blocks, n, k / f.elements), (int)(k % f.elements / 8), to);
  } else if (type >= Q8_0) {
    i64 block = (vector_at(w.view, batch * w.n + n) + k) / f.elements;
    unpack(type, row_block(w.view.at + block * f.bytes, f), (int)(k % f.elements / 8), to);
  } else if (w.layout == ROWS) {
    i64 at = vector_at(w.view, batch * w.n + n);
    for (int j = 0; j < 8; j++) {
      to[j] = k + j < w.k ? load(type, w.view.at, at + k + j) : 0;
    }
  } else {
    for (int j = 0; j < 8; j++) {
      to[j] = k + j < w.k ? load(type, w.view.at, vector_at(w.view, batch * w.k + k + j) + n) : 0;
    }
  }
}
