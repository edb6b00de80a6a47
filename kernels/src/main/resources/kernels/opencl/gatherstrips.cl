// out[t] = table[ids[t]] as gather.cl, of a table in strips: out [T, n], table [table_rows, n] of type W. One work-item a
// piece of the row.
// Estimate, which no GPU has confirmed; registers from kernels/gpu-registers: a row's pieces lie 512 bytes apart in its strip, so
// of each line of 64 bytes read 16 are used: 4 times the row's bytes, for 4 bytes an element written. A row of 4096 in Q4_0 reads
// 9 KB and writes 16: bound by memory, by the launch in decoding. No local memory, 20 registers (sm_80: 32).
#include "common.cl"
#include "strips.cl"

ELEMENT_KERNEL(gatherstrips)(OUTPUT(out), GLOBAL const uchar *table, INTS(ids), int n, int table_rows) {
  int id = ids[ids_at + ROW_ID];
  int from = PIECE_K * (int)COLUMN;
  if (from >= n) {
    return;
  }
  bool there = id >= 0 && id < table_rows;
  int row = there ? id : 0;
  Piece piece = load_piece(table + row / 32 * STRIP_BYTES(n), from / 32, from % 32 / PIECE_K, row % 32);
  long to = VECTOR(out, ROW_ID, n);
  UNROLLED
  for (int u = 0; u < PIECE_K / 4; u++) {
    float value[4];
    vstore4(there ? piece_weights(piece, u) : (float4)(0.0f), 0, value);
    for (int c = from + 4 * u; c < min(n, from + 4 * u + 4); c++) {
      STORE(OUT, out, to + c, value[c - from - 4 * u]);
    }
  }
}
