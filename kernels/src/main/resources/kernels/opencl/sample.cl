// Draws the next token of each row of n logits, for CPUs: repetition penalty, temperature, top-k, top-p, min-p, then the
// first id whose running sum of weights exceeds u times the whole. One work-item a row.
//
// No sort: weights relative to the best lie in [0, 1], where a number's bits have its order, so the least weight kept is
// found bit by bit, counting (top-k) or summing (top-p) the weights above it; among equals the lowest ids are kept.
// Weights are in F64 where the device has it.
#include "common.cl"
#include "philox.cl"

#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double real;
typedef ulong bits_t;
#define BITS 62 // of 1.0: the two highest are 0
#define REAL_OF(b) as_double(b)
#define BITS_OF(v) as_ulong(v)
#else
typedef float real;
typedef uint bits_t;
#define BITS 30
#define REAL_OF(b) as_float(b)
#define BITS_OF(v) as_uint(v)
#endif

// Weights of at least v: how many, or their sum.
INLINE real above(GLOBAL const real *w, int n, real v, bool summed) {
  real all = 0;
  {
    ANY_ORDER
    for (int i = 0; i < n; i++) {
      all += w[i] >= v ? (summed ? w[i] : (real)1) : (real)0;
    }
  }
  return all;
}

// The largest v in [0, 1] such that the weights of at least v number, or sum to, at least target.
INLINE real threshold(GLOBAL const real *w, int n, real target, bool summed) {
  bits_t v = 0;
  for (int bit = BITS - 1; bit >= 0; bit--) {
    bits_t next = v | (bits_t)1 << bit;
    if (REAL_OF(next) <= 1 && above(w, n, REAL_OF(next), summed) >= target) {
      v = next;
    }
  }
  return REAL_OF(v);
}

// Keeps the weights above v and the first `equals` of those that are v; zeros the others.
INLINE void keep(GLOBAL real *w, int n, real v, real equals) {
  int low = 0;
  int high = n;
  while (low < high) { // the least id with so many equals before it
    int middle = (low + high) / 2;
    real count = 0;
    for (int i = 0; i < middle; i++) {
      count += w[i] == v;
    }
    if (count >= equals) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  for (int i = 0; i < n; i++) {
    w[i] = w[i] > v || (w[i] == v && i < low) ? w[i] : 0;
  }
}

// The least number above v.
INLINE real next_above(real v) { return REAL_OF(BITS_OF(v) + 1); }

// The id of the largest value, the lowest of equals; a NaN never wins over a number.
INLINE int best_of(GLOBAL const real *w, int n) {
  real most = -INFINITY;
  int id = n;
  for (int i = 0; i < n; i++) {
    if (w[i] > most || (id == n && !isnan(w[i]))) {
      most = w[i];
      id = i;
    }
  }
  return id < n ? id : 0;
}

// The first id with which the running sum passes u times the whole.
INLINE int pick(GLOBAL const real *w, int n, real u, int best) {
  real whole = 0;
  for (int i = 0; i < n; i++) {
    whole += w[i];
  }
  real sum = 0;
  for (int i = 0; i < n; i++) {
    sum += w[i];
    if (sum > u * whole) {
      return i;
    }
  }
  return best;
}

// Zeros what top-k, top-p and min-p drop of n weights.
INLINE void truncate(GLOBAL real *w, int n, GLOBAL const float *p) {
  int most = p[1] > 0 && p[1] < n ? (int)p[1] : n;
  if (most > 0 && most < n) {
    real v = threshold(w, n, most, false);
    keep(w, n, v, most - above(w, n, next_above(v), false));
  }
  if (p[2] < 1) {
    real target = p[2] * above(w, n, 0, true);
    real v = threshold(w, n, target, true);
    real sum = above(w, n, next_above(v), true);
    real equals = v > 0 ? fmax((real)1, ceil((target - sum) / v)) : (real)n;
    keep(w, n, v, equals);
  }
  for (int i = 0; i < n; i++) {
    w[i] = w[i] < p[3] ? 0 : w[i];
  }
}

ROW_KERNEL(sample)
(GLOBAL real *scratch, GLOBAL int *ids, long ids_at, INPUT(logits), INPUT(parameters), INPUT(history), INTS(lengths),
 INTS(state), int n, int history_size) {
  int r = GROUP_ROW;
  GLOBAL real *w = scratch + (long)r * n;
  GLOBAL const float *x = (GLOBAL const float *)logits + VECTOR(logits, r, n);
  GLOBAL const float *p = (GLOBAL const float *)parameters + VECTOR(parameters, r, 5);
  GLOBAL const int *seen = (GLOBAL const int *)history + VECTOR(history, r, history_size);
  for (int i = 0; i < n; i++) {
    w[i] = x[i];
  }
  if (p[4] != 1) {
    for (int i = 0; i < lengths[lengths_at + r]; i++) {
      int id = seen[i];
      if (id >= 0 && id < n) {
        real v = x[id]; // the logit itself: an id that comes twice counts once
        w[id] = v > 0 ? v / p[4] : v * p[4];
      }
    }
  }
  int best = best_of(w, n);
  real most = w[best];
  int id = isfinite(most) ? best : -1; // -1: the row offers nothing
  if (p[0] != 0 && id >= 0) {
    for (int i = 0; i < n; i++) {
      real v = exp((w[i] - most) / p[0]);
      w[i] = isnan(v) ? 0 : v;
    }
    truncate(w, n, p);
    id = pick(w, n, draw(state + state_at, r, 0, 0, 0), best);
  }
  ids[ids_at + r] = id;
}
