// out = the low UNIT bytes (1, 2 or 4) of bits, everywhere. One work-item an element.
// Estimate: UNIT bytes a unit, nothing is read: bound by memory. 4 registers (sm_80: 12).
#include "common.cl"

ELEMENT_KERNEL(fill)(OUTPUT(out), long n, int bits) {
  long i = COLUMN;
  if (i < n) {
    long to = VECTOR(out, ROW_ID, n) + i;
#if UNIT == 4
    ((GLOBAL int *)out)[to] = bits;
#elif UNIT == 2
    ((GLOBAL ushort *)out)[to] = (ushort)bits;
#else
    out[to] = (uchar)bits;
#endif
  }
}
