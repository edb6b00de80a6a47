// out[t] = table[ids[t]]: out [T, n], table [V, n] of type X; a negative id gives zeros. An id past the table does too:
// a kernel cannot say so, and must not read what is not there.
// Estimate, which no GPU has confirmed; registers from kernels/gpu-registers:
//   plain types are copied, F32 8 bytes an element; block types write 4 bytes an element for 0.6 to 1.1 read, the 16 of an item in
//   a row: stores of neighbours are 64 bytes apart, whole lines together. Bound by memory. No local memory; plain 12 registers
//   (sm_80: 18), Q4_K 26 (32).
#include "common.cl"
#include "blocks.cl"

// X plain: one work-item an element.
#ifdef X_PLAIN
ELEMENT_KERNEL(gather)(OUTPUT(out), INPUT(table), INTS(ids), long n, int table_rows) {
  long i = COLUMN;
  int id = ids[ids_at + ROW_ID];
  bool there = id >= 0 && id < table_rows;
  long from = VECTOR(table, there ? id : 0, n);
  long to = VECTOR(out, ROW_ID, n);
  if (i < n) {
    STORE(OUT, out, to + i, there ? LOAD(X, table, from + i) : 0.0f);
  }
}
#else
// X a block type: one work-item 16 elements.
ELEMENT_KERNEL(gather)(OUTPUT(out), INPUT(table), INTS(ids), long n, int table_rows) {
  long i = 16 * COLUMN;
  int id = ids[ids_at + ROW_ID];
  if (i < n) {
    float value[16];
    bool there = id >= 0 && id < table_rows;
    vstore16(there ? LOAD16(X, table, VECTOR(table, id, n) + i) : (float16)(0.0f), 0, value);
    long to = VECTOR(out, ROW_ID, n) + i;
    for (int e = 0; e < 16; e++) {
      STORE(OUT, out, to + e, value[e]);
    }
  }
}
#endif
