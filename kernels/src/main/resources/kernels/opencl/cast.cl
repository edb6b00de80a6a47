// out = in in another type, by way of F32; rows of n elements. X: any type, OUT: F32, F16, BF16 or, of F32, Q8_0.
// Estimate: F16 to F32 6 bytes an element, 5 registers (sm_80: 14); block types 4.6 to 5.1, 27 (32), stores of neighbours 64 bytes
// apart; to Q8_0 5.1, 38 (31), each item reading 128 bytes of its own, lines from cache after the first read. Bound by memory.
#include "common.cl"
#include "blocks.cl"

#ifndef OUT_PLAIN
#include "round.cl"
// One work-item a block.
ELEMENT_KERNEL(cast)(OUTPUT(out), INPUT(in), long n) {
  long i = 32 * COLUMN;
  if (i < n) {
    round_block(out + (VECTOR(out, ROW_ID, n) + i) / 32 * 34, (GLOBAL const float *)in + VECTOR(in, ROW_ID, n) + i);
  }
}
#elif defined(X_PLAIN)
// X plain: one work-item an element.
ELEMENT_KERNEL(cast)(OUTPUT(out), INPUT(in), long n) {
  long i = COLUMN;
  if (i < n) {
    STORE(OUT, out, VECTOR(out, ROW_ID, n) + i, LOAD(X, in, VECTOR(in, ROW_ID, n) + i));
  }
}
#else
// X a block type: one work-item 16 elements.
ELEMENT_KERNEL(cast)(OUTPUT(out), INPUT(in), long n) {
  long i = 16 * COLUMN;
  if (i < n) {
    float value[16];
    vstore16(LOAD16(X, in, VECTOR(in, ROW_ID, n) + i), 0, value);
    long to = VECTOR(out, ROW_ID, n) + i;
    for (int e = 0; e < 16; e++) {
      STORE(OUT, out, to + e, value[e]);
    }
  }
}
#endif
