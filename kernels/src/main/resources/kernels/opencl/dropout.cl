// Dropout (Srivastava et al. 2014): element e of rows of n draws number e % 4 of counter (e / 4) and is kept, times
// 1 / (1 - p), iff it is at least p. One work-item an element.
#include "common.cl"
#include "philox.cl"

ELEMENT_KERNEL(dropout)(OUTPUT(out), INPUT(in), INTS(state), long n, float p) {
  long i = COLUMN;
  if (i < n) {
    long e = ROW_ID * n + i;
    ulong block = (ulong)e / 4;
    float x = LOAD(X, in, VECTOR(in, ROW_ID, n) + i);
    float drawn = draw(state + state_at, (uint)block, (uint)(block >> 32), 0, (int)(e & 3));
    STORE(OUT, out, VECTOR(out, ROW_ID, n) + i, drawn >= p ? x / (1.0f - p) : 0.0f);
  }
}
