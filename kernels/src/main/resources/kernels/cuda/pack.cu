// Between rows as checkpoints store them and panels of 32 (blocks.cuh); a thread moves one word or chunk. Rows begin at
// a 32-row boundary; what lies behind the last row or, for plain types, the last element, becomes zero.
#include "blocks.cuh"

struct PackArguments {
  u8 *panels;
  u8 *rows;   // row-major [count, k], or [k, count] if transposed; unpack never has that
  i64 count;
  i64 k;
  i64 row_bytes; // from a row to the next, or from one k to the next if transposed
  int type;
  int transposed;
};

struct Place {
  i64 row;
  u8 *packed;
  i64 at; // byte within the row
  int bytes;
};

// Unit i: panels, then blocks, then words and chunks, then rows.
DEVICE Place place_of(const PackArguments &a, const Format &f, i64 i) {
  int units = f.words + f.chunks;
  i64 blocks = (a.k + f.elements - 1) / f.elements;
  int lane = (int)(i % PANEL);
  int unit = (int)(i / PANEL % units);
  i64 block = i / PANEL / units % blocks;
  i64 panel = i / PANEL / units / blocks;
  u8 *to = a.panels + (panel * blocks + block) * PANEL * f.bytes;
  i64 from = block * f.bytes;
  if (unit < f.words) {
    return {panel * PANEL + lane, to + (unit * PANEL + lane) * 2, from + f.words_at + 2 * unit, 2};
  }
  int chunk = unit - f.words;
  i64 chunks_at = from + (f.words_at > 0 ? 0 : 2 * f.words) + 16 * chunk;
  return {panel * PANEL + lane, to + f.words * PANEL * 2 + (chunk * PANEL + lane) * 16, chunks_at, 16};
}

DEVICE i64 units_of(const PackArguments &a, const Format &f) {
  i64 blocks = (a.k + f.elements - 1) / f.elements;
  return (a.count + PANEL - 1) / PANEL * blocks * (f.words + f.chunks) * PANEL;
}

KERNEL(256, pack, PackArguments) {
  Format f = format_of(a.type);
  int size = a.type == F32 ? 4 : a.type < Q8_0 ? 2 : 1; // bytes that stay together
  i64 length = a.type < Q8_0 ? a.k * size : (a.k + f.elements - 1) / f.elements * f.bytes;
  for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < units_of(a, f); i += (i64)gridDim.x * blockDim.x) {
    Place p = place_of(a, f, i);
    for (int j = 0; j < p.bytes; j++) {
      i64 at = p.at + j;
      i64 from = a.transposed ? at / size * a.row_bytes + p.row * size + at % size : p.row * a.row_bytes + at;
      p.packed[j] = p.row < a.count && at < length ? a.rows[from] : 0;
    }
  }
}

KERNEL(256, unpack_rows, PackArguments) {
  Format f = format_of(a.type);
  i64 length = a.type < Q8_0 ? a.k * (a.type == F32 ? 4 : 2) : (a.k + f.elements - 1) / f.elements * f.bytes;
  for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < units_of(a, f); i += (i64)gridDim.x * blockDim.x) {
    Place p = place_of(a, f, i);
    for (int j = 0; j < p.bytes; j++) {
      if (p.row < a.count && p.at + j < length) {
        a.rows[p.row * a.row_bytes + p.at + j] = p.packed[j];
      }
    }
  }
}
