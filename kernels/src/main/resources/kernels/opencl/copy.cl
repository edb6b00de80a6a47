// out = in, bit by bit: rows of n units of UNIT bytes (1, 2 or 4; block types move as pairs of bytes).
// One work-item a unit.
// Estimate: 2 UNIT bytes a unit: bound by memory, half of what it could be with units of 2. 11 registers (sm_80: 16).
#include "common.cl"

ELEMENT_KERNEL(copy)(OUTPUT(out), INPUT(in), long n) {
  long i = COLUMN;
  int r = ROW_ID;
  if (i < n) {
    long to = VECTOR(out, r, n) + i;
    long from = VECTOR(in, r, n) + i;
#if UNIT == 4
    ((GLOBAL uint *)out)[to] = ((GLOBAL const uint *)in)[from];
#elif UNIT == 2
    ((GLOBAL ushort *)out)[to] = ((GLOBAL const ushort *)in)[from];
#else
    out[to] = in[from];
#endif
  }
}
