// Ragged batches and paged caches.
#pragma once
#include "common.cuh"

// Which sequence row t belongs to; -1 for none, and for an inert one. offsets [count + 1], starts [count].
DEVICE int sequence_of(const int *offsets, const int *starts, int count, i64 t) {
  if (t < offsets[0] || t >= offsets[count]) {
    return -1;
  }
  int low = 0;
  int high = count;
  while (high - low > 1) {
    int middle = (low + high) / 2;
    if (offsets[middle] <= t) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return starts[low] < 0 ? -1 : low;
}

// Cache pages [P, page_size, KH, D] and the table that finds them.
struct Pages {
  u8 *at;
  i64 page_stride; // elements
  i64 row;         // elements of KH heads
  const int *table;
  i64 table_stride;
  int blocks; // of a row of the table
  int pages;
  int page_size;
  int type;
};

// The first element of a position's row; -1 if it has no page.
DEVICE i64 page_row(const Pages &p, int sequence, i64 position) {
  u32 block = (u32)position / (u32)p.page_size;
  u32 row = (u32)position % (u32)p.page_size;
  int page = block < (u32)p.blocks ? p.table[sequence * p.table_stride + block] : -1;
  return page < 0 || page >= p.pages ? -1 : page * p.page_stride + row * p.row;
}
