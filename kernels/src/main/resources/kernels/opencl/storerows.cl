// Row t of sequence b goes to position starts[b] + t - offsets[b] of its pages: rows [T, heads, size], pages
// [P, page_size, heads, size], n = heads * size. One work-item an element; rows of inert sequences are dropped.
// Estimate: F32 to F16 6 bytes an element, and the sequence's number and page from cache, by a search that all items of a row do: bound
// by memory, in decoding by the launch. 14 registers (sm_80: 19).
#include "common.cl"
#include "sequences.cl"

ELEMENT_KERNEL(storerows)(OUTPUT(pages), INPUT(rows), INTS(table), long table_stride, INTS(offsets), INTS(starts),
                          int sequences, int page_size, int heads, int size) {
  int i = (int)COLUMN;
  int t = ROW_ID;
  if (i >= heads * size) {
    return;
  }
  int b = sequence_of(offsets + offsets_at, sequences, t);
  int start = b < 0 ? -1 : starts[starts_at + b];
  if (start < 0) {
    return;
  }
  int to = page_row(table + table_at, table_stride, page_size, b, start + t - offsets[offsets_at + b]);
  float value = LOAD(X, rows, VECTOR(rows, t * heads + i / size, size) + i % size);
  STORE(OUT, pages, VECTOR(pages, to * heads + i / size, size) + i % size, value);
}
