// The rows of ragged batches and the pages of caches.

// The sequence that row t belongs to; -1 for none. offsets [count + 1].
INLINE int sequence_of(GLOBAL const int *offsets, int count, int t) {
  if (count == 0 || t < offsets[0] || t >= offsets[count]) {
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
  return low;
}

// Where position p of sequence b lies, counted in rows of all pages.
INLINE int page_row(GLOBAL const int *table, long table_stride, int page_size, int b, int p) {
  return table[b * table_stride + p / page_size] * page_size + p % page_size;
}
