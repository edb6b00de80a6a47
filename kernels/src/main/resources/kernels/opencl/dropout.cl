// Dropout (Srivastava et al. 2014): element e of rows of n draws number e % 4 of counter (e / 4) and is kept, times
// 1 / (1 - p), iff it is at least p. One work-item an element.
// Estimate: F32 8 bytes an element for ten rounds of Philox, about 100 integer operations, which each of a counter's four
// items does again: bound by arithmetic, 12 operations a byte. No model has it but with Monte-Carlo dropout asked for. 13 registers
// (sm_80: 20).
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
