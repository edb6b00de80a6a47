// out = in in another type, by way of F32; rows of n elements. X: any type, OUT: F32, F16 or BF16.
#include "common.cl"
#include "blocks.cl"

// X plain: one work-item an element.
#ifdef X_PLAIN
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
