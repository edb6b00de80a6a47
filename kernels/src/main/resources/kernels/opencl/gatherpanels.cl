// out[t] = table[ids[t]] as gather.cl, of a table in panels: out [T, n], table [table_rows, n] of type W. One work-item 32
// columns.
#include "common.cl"
#include "panels.cl"

#ifndef PLAIN
// Column c of row r of a group, with the bits of the type's definition.
INLINE float weight_at(GLOBAL const uchar *head, GLOBAL const uchar *group, int c, int r) {
  GLOBAL const half *d = (GLOBAL const half *)(HEAD_BYTES ? head : group);
  uint q = quant_at(group, c, r);
#if TYPE == IS_Q8_0
  return (float)as_char((uchar)q) * vload_half(r, d);
#elif TYPE == IS_Q4_1 || TYPE == IS_Q5_1
  return (float)q * vload_half(r, d) + vload_half(32 + r, d);
#elif TYPE == IS_Q4_K || TYPE == IS_Q5_K
  return vload_half(r, d) * (float)group[r] * (float)q - vload_half(32 + r, d) * (float)group[32 + r];
#elif TYPE == IS_Q6_K
  float scale = vload_half(r, d) * (float)as_char(group[c / 16 * 32 + r]);
  return scale * (float)((int)q - 32);
#else
  return (float)((int)q - (TYPE == IS_Q5_0 ? 16 : 8)) * vload_half(r, d);
#endif
}
#endif

ELEMENT_KERNEL(gatherpanels)(OUTPUT(out), GLOBAL const uchar *table, INTS(ids), int n, int table_rows) {
  int id = ids[ids_at + ROW_ID];
  int from = 32 * (int)COLUMN;
  if (from >= n) {
    return;
  }
  bool there = id >= 0 && id < table_rows;
  GLOBAL const uchar *panel = table + id / 32 * PANEL_BYTES(n);
  long to = VECTOR(out, ROW_ID, n);
  for (int c = from; c < min(n, from + 32); c++) {
    float value = 0;
    if (there) {
#ifdef PLAIN
      value = LOAD(W, panel, 32l * c + id % 32);
#else
      value = weight_at(panel + HEAD_AT(from / 32), panel + GROUP_AT(from / 32), c % 32, id % 32);
#endif
    }
    STORE(OUT, out, to + c, value);
  }
}
