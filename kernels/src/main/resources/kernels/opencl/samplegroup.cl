// Draws the next token of each row of n logits, for GPUs: repetition penalty, temperature, top-k, top-p, min-p, then the
// first id whose running sum of weights exceeds u times the whole. LANES work-items, a work-group, share a row.
//
// No sort: weights relative to the best lie in [0, 1], where a number's bits have its order. The least weight kept is found
// digit by digit of DIGIT bits from the highest on: each lane counts (top-k) or sums (top-p) the weights of each digit that
// agree with what is known in bins of its own, which are added up in the lanes' order. Among equals the lowest ids are kept.
// Weights are in F64 where the device has it.
// Estimate, which no GPU has confirmed: 8 bytes a logit and pass from cache, 16 passes for each of top-k and top-p, and an
// addition to local memory where a weight agrees, which after the first passes few do. 8 (LANES 2^DIGIT + LANES) bytes of
// local memory, 8.5 KB for 64 lanes; 134 registers on RDNA 2, 48 on sm_80 (kernels/gpu-registers), which do not matter: a row
// occupies one compute unit, and this is about latency. Sums over the lanes are 64 reads, three times a row, beside
// 16000 loads of weights an item at 32 thousand logits: subgroups would save 1 %.
#include "common.cl"
#include "philox.cl"

#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double real;
typedef ulong bits_t;
#define HIGHEST_DIGIT 60 // the two highest bits of 1.0 are 0
#define BITS_OF(v) as_ulong(v)
#define REAL_OF(b) as_double(b)
#else
typedef float real;
typedef uint bits_t;
#define HIGHEST_DIGIT 28
#define BITS_OF(v) as_uint(v)
#define REAL_OF(b) as_float(b)
#endif

#define DIGIT 4
#define DIGITS (1 << DIGIT)
#define MEET barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)

// The sum over all lanes, in their order.
INLINE_LOCAL real sum_of_lanes(real value, LOCAL real *space) {
  MEET;
  space[LANE] = value;
  MEET;
  real all = 0;
  for (int l = 0; l < LANES; l++) {
    all += space[l];
  }
  return all;
}

// The largest v such that the weights of at least v number, or sum to, at least the target, which becomes what the weights
// that are v themselves have to contribute.
INLINE_LOCAL real threshold(GLOBAL const real *w, int n, real *target, bool summed, LOCAL real *bins, LOCAL real *space) {
  bits_t found = 0;
  bits_t known = 0;
  for (int shift = HIGHEST_DIGIT; shift >= 0; shift -= DIGIT) {
    MEET;
    for (int digit = 0; digit < DIGITS; digit++) {
      bins[digit * LANES + LANE] = 0;
    }
    for (int i = LANE; i < n; i += LANES) {
      bits_t bits = BITS_OF(w[i]);
      if (((bits ^ found) & known) == 0) {
        bins[(int)(bits >> shift & (DIGITS - 1)) * LANES + LANE] += summed ? w[i] : (real)1;
      }
    }
    MEET;
    for (int digit = LANE; digit < DIGITS; digit += LANES) {
      real all = 0;
      for (int l = 0; l < LANES; l++) {
        all += bins[digit * LANES + l];
      }
      space[digit] = all;
    }
    MEET;
    int digit = DIGITS - 1;
    for (; digit > 0 && space[digit] < *target; digit--) {
      *target -= space[digit];
    }
    found |= (bits_t)digit << shift;
    known |= (bits_t)(DIGITS - 1) << shift;
  }
  return REAL_OF(found);
}

// Keeps the weights above v and the first `equals` of those that are v; zeros the others. A lane has neighbours.
INLINE_LOCAL void keep(GLOBAL real *w, int n, real v, real equals, LOCAL real *space) {
  int piece = (n + LANES - 1) / LANES;
  int from = min(n, LANE * piece);
  int to = min(n, from + piece);
  real count = 0;
  for (int i = from; i < to; i++) {
    count += w[i] == v;
  }
  MEET;
  space[LANE] = count;
  MEET;
  real before = 0;
  for (int l = 0; l < LANE; l++) {
    before += space[l];
  }
  for (int i = from; i < to; i++) {
    bool is = w[i] == v;
    w[i] = w[i] > v || (is && before < equals) ? w[i] : 0;
    before += is;
  }
  MEET;
}

// Zeros what top-k, top-p and min-p drop of n weights.
INLINE_LOCAL void truncate(GLOBAL real *w, int n, GLOBAL const float *p, LOCAL real *bins, LOCAL real *space) {
  int most = p[1] > 0 && p[1] < n ? (int)p[1] : n;
  if (most > 0 && most < n) {
    real equals = most;
    real v = threshold(w, n, &equals, false, bins, space);
    keep(w, n, v, equals, space);
  }
  if (p[2] < 1) {
    real sum = 0;
    for (int i = LANE; i < n; i += LANES) {
      sum += w[i];
    }
    real target = p[2] * sum_of_lanes(sum, space);
    real v = threshold(w, n, &target, true, bins, space);
    keep(w, n, v, v > 0 ? fmax((real)1, ceil(target / v)) : (real)n, space);
  }
  for (int i = LANE; i < n; i += LANES) {
    w[i] = w[i] < p[3] ? 0 : w[i];
  }
  MEET;
}

// The id of the largest value, the lowest of equals; a NaN never wins over a number.
INLINE_LOCAL int best_of(GLOBAL const real *w, int n, LOCAL real *space, LOCAL int *ids) {
  real most = -INFINITY;
  int id = n;
  for (int i = LANE; i < n; i += LANES) {
    if (w[i] > most || (id == n && !isnan(w[i]))) {
      most = w[i];
      id = i;
    }
  }
  MEET;
  space[LANE] = most;
  ids[LANE] = id;
  MEET;
  for (int l = 0; l < LANES; l++) {
    bool better = space[l] > most || (space[l] == most && ids[l] < id);
    most = better ? space[l] : most;
    id = better ? ids[l] : id;
  }
  return id < n ? id : 0;
}

// The first id with which the running sum passes u times the whole; a lane has neighbours. For lane 0 only.
INLINE_LOCAL int pick(GLOBAL const real *w, int n, real u, int best, LOCAL real *space) {
  int piece = (n + LANES - 1) / LANES;
  real mine = 0;
  for (int i = LANE * piece; i < min(n, (LANE + 1) * piece); i++) {
    mine += w[i];
  }
  real whole = sum_of_lanes(mine, space);
  if (LANE > 0) {
    return best;
  }
  real sum = 0;
  int l = 0;
  while (l < LANES - 1 && !(sum + space[l] > u * whole)) {
    sum += space[l++];
  }
  for (int i = l * piece; i < n; i++) {
    sum += w[i];
    if (sum > u * whole) {
      return i;
    }
  }
  return best;
}

ROW_KERNEL(samplegroup)
(GLOBAL real *scratch, GLOBAL int *ids, long ids_at, INPUT(logits), INPUT(parameters), INPUT(history), INTS(lengths),
 INTS(state), int n, int history_size) {
  LOCAL real bins[DIGITS * LANES];
  LOCAL real space[LANES > DIGITS ? LANES : DIGITS];
  LOCAL int found[LANES];
  int r = GROUP_ROW;
  GLOBAL real *w = scratch + (long)r * n;
  GLOBAL const float *x = (GLOBAL const float *)logits + VECTOR(logits, r, n);
  GLOBAL const float *p = (GLOBAL const float *)parameters + VECTOR(parameters, r, 5);
  GLOBAL const int *seen = (GLOBAL const int *)history + VECTOR(history, r, history_size);
  for (int i = LANE; i < n; i += LANES) {
    w[i] = x[i];
  }
  MEET;
  if (LANE == 0 && p[4] != 1) {
    for (int i = 0; i < lengths[lengths_at + r]; i++) {
      int id = seen[i];
      if (id >= 0 && id < n) {
        real v = x[id]; // the logit itself: an id that comes twice counts once
        w[id] = v > 0 ? v / p[4] : v * p[4];
      }
    }
  }
  MEET;
  int best = best_of(w, n, space, found);
  real most = w[best];
  int id = isfinite(most) ? best : -1; // -1: the row offers nothing
  if (p[0] != 0 && id >= 0) {
    MEET;
    for (int i = LANE; i < n; i += LANES) {
      real v = exp((w[i] - most) / p[0]);
      w[i] = isnan(v) ? 0 : v;
    }
    MEET;
    truncate(w, n, p, bins, space);
    id = pick(w, n, draw(state + state_at, r, 0, 0, 0), best, space);
  }
  if (LANE == 0) {
    ids[ids_at + r] = id;
  }
}
