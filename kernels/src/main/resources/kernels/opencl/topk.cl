// The k largest of each row of n, largest first, equals by rising id; a NaN comes after all numbers. Each of k passes
// finds the first element behind the one found before: no scratch; for small k. A row is shared by LANES work-items.
// Estimate, which no GPU has confirmed; registers from kernels/gpu-registers:
//   4 n bytes a pass, from memory once and then from cache, 6 comparisons an element; log2(LANES) + 2 barriers a pass. 8 LANES
//   bytes of local memory, 16 registers (sm_80: 26). A row occupies one compute unit, and 32 thousand logits are 500 loads an item
//   and pass beside 8 barriers: this is about latency, and subgroups, which would spare half of the barriers, would not show.
#include "common.cl"

// Whether (x, i) comes before (y, j).
INLINE bool before(float x, int i, float y, int j) {
  bool x_nan = isnan(x);
  bool y_nan = isnan(y);
  if (x_nan || y_nan) {
    return x_nan == y_nan ? i < j : y_nan;
  }
  return x > y || (x == y && i < j);
}

ROW_KERNEL(topk)(OUTPUT(values), OUTPUT(ids), INPUT(x), int n, int k) {
  int r = GROUP_ROW;
  GLOBAL const float *from = (GLOBAL const float *)x + VECTOR(x, r, n);
  float last = INFINITY;
  int last_id = -1;
#if LANES > 1
  LOCAL float found[LANES];
  LOCAL int found_id[LANES];
#endif
  for (int pass = 0; pass < k; pass++) {
    float best = NAN;
    int best_id = n;
    for (int i = LANE; i < n; i += LANES) {
      float value = from[i];
      if (before(last, last_id, value, i) && (best_id == n || before(value, i, best, best_id))) {
        best = value;
        best_id = i;
      }
    }
#if LANES > 1
    found[LANE] = best;
    found_id[LANE] = best_id;
    for (int step = LANES / 2; step > 0; step /= 2) {
      barrier(CLK_LOCAL_MEM_FENCE);
      if (LANE < step) {
        int other = found_id[LANE + step];
        if (other < n && (found_id[LANE] == n || before(found[LANE + step], other, found[LANE], found_id[LANE]))) {
          found[LANE] = found[LANE + step];
          found_id[LANE] = other;
        }
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    best = found[0];
    best_id = found_id[0];
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
    if (LANE == 0) {
      ((GLOBAL float *)values)[VECTOR(values, r, k) + pass] = best;
      ((GLOBAL int *)ids)[VECTOR(ids, r, k) + pass] = best_id;
    }
    last = best;
    last_id = best_id;
  }
}
