// out[t] = table[ids[t]] as gather.cl, of a table in strips: out [T, n], table [table_rows, n] of type W. One work-item a
// piece of the row.
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
