// One row for each segment of rows: out [B, n], x [T, n], offsets [B + 1]; KIND is 0 for the mean, 1 first, 2 last, 3 the
// maximum. An empty segment gives zeros. One work-item an element of out.
// Estimate, which no GPU has confirmed; registers from kernels/gpu-registers:
//   each element of x is read once, by neighbours side by side: 4 bytes for 1 FLOP in F32, bound by memory; with few texts by
//   latency, as an item adds its column alone: n / 64 groups a text. Items exchange nothing, so there is nothing for subgroups.
//   No local memory, 13 registers (sm_80: 21).
#include "common.cl"

ELEMENT_KERNEL(pool)(OUTPUT(out), INPUT(x), INTS(offsets), int n) {
  int i = (int)COLUMN;
  int b = ROW_ID;
  if (i >= n) {
    return;
  }
  int first = offsets[offsets_at + b];
  int end = offsets[offsets_at + b + 1];
  float value = 0;
  if (first < end) {
#if KIND == 2
    value = LOAD(X, x, VECTOR(x, end - 1, n) + i);
#else
    value = LOAD(X, x, VECTOR(x, first, n) + i);
#endif
#if KIND == 0 || KIND == 3
    for (int t = first + 1; t < end; t++) {
      float other = LOAD(X, x, VECTOR(x, t, n) + i);
      value = KIND == 0 ? value + other : other > value || isnan(other) ? other : value;
    }
#endif
#if KIND == 0
    value /= end - first;
#endif
  }
  STORE(OUT, out, VECTOR(out, b, n) + i, value);
}
