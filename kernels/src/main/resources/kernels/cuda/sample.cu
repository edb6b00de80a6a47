// Draws the next token of each row of n logits: repetition penalty, temperature, top-k, top-p, min-p, then the first id
// whose running sum of weights exceeds u times the whole. A block of threads a row, in F64.
//
// No sort: weights relative to the best lie in [0, 1], where a number's bits have its order, so the least weight kept is
// found bit by bit, counting (top-k) or summing (top-p) the weights above it; among equals the lowest ids are kept.
#include "philox.cuh"

#define SAMPLE_THREADS 512

struct SampleArguments {
  double *scratch; // [R, n]
  View ids;
  View logits;
  View parameters; // [R, 5]: temperature, top-k, top-p, min-p, repetition penalty
  View history;
  View lengths;
  const int *state;
};

DEVICE double sum_of_all(double x, double *space) {
  __syncthreads();
  space[threadIdx.x] = x;
  for (int step = SAMPLE_THREADS / 2; step > 0; step /= 2) {
    __syncthreads();
    if (threadIdx.x < step) {
      space[threadIdx.x] += space[threadIdx.x + step];
    }
  }
  __syncthreads();
  double sum = space[0];
  __syncthreads();
  return sum;
}

// How many of the weights are at least v, or their sum.
DEVICE double above(const double *w, int n, double v, bool summed, double *space) {
  double x = 0;
  for (int i = threadIdx.x; i < n; i += SAMPLE_THREADS) {
    x += w[i] >= v ? (summed ? w[i] : 1) : 0;
  }
  return sum_of_all(x, space);
}

// The largest v in [0, 1] such that the weights of at least v number, or sum to, at least target.
DEVICE double threshold(const double *w, int n, double target, bool summed, double *space) {
  i64 v = 0;
  for (int bit = 61; bit >= 0; bit--) {
    double next = __longlong_as_double(v | 1LL << bit);
    if (next <= 1 && above(w, n, next, summed, space) >= target) {
      v |= 1LL << bit;
    }
  }
  return __longlong_as_double(v);
}

// Keeps the weights above v and the first `equals` of those that are v; zeros the others.
DEVICE void keep(double *w, int n, double v, double equals, double *space) {
  int low = 0;
  int high = n;
  while (low < high) { // the least id with so many equals before it
    int middle = (low + high) / 2;
    double count = 0;
    for (int i = threadIdx.x; i < middle; i += SAMPLE_THREADS) {
      count += w[i] == v;
    }
    if (sum_of_all(count, space) >= equals) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  for (int i = threadIdx.x; i < n; i += SAMPLE_THREADS) {
    w[i] = w[i] > v || (w[i] == v && i < low) ? w[i] : 0;
  }
  __syncthreads();
}

// Zeros what top-k, top-p and min-p drop.
DEVICE void truncate(double *w, int n, const float *p, double *space) {
  int most = p[1] > 0 && p[1] < n ? (int)p[1] : n;
  if (most > 0 && most < n) {
    double v = threshold(w, n, most, false, space);
    double more = above(w, n, __longlong_as_double(__double_as_longlong(v) + 1), false, space);
    keep(w, n, v, most - more, space);
  }
  if (p[2] < 1) {
    double target = p[2] * above(w, n, 0, true, space);
    double v = threshold(w, n, target, true, space);
    double sum = above(w, n, __longlong_as_double(__double_as_longlong(v) + 1), true, space);
    double equals = v > 0 ? fmax(1.0, ceil((target - sum) / v)) : n;
    keep(w, n, v, equals, space);
  }
  for (int i = threadIdx.x; i < n; i += SAMPLE_THREADS) {
    w[i] = w[i] < p[3] ? 0 : w[i];
  }
  __syncthreads();
}

// The id of the largest weight, the lowest of equals; a NaN never wins over a number.
DEVICE int best_of(const double *w, int n, double *space) {
  double most = -INFINITE;
  int id = n;
  for (int i = threadIdx.x; i < n; i += SAMPLE_THREADS) {
    if (w[i] > most || (id == n && w[i] == w[i])) {
      most = w[i];
      id = i;
    }
  }
  __syncthreads();
  space[threadIdx.x] = most;
  __syncthreads();
  double greatest = -INFINITE;
  for (int t = 0; t < SAMPLE_THREADS; t++) {
    greatest = fmax(greatest, space[t]);
  }
  __syncthreads();
  space[threadIdx.x] = id < n && most == greatest ? id : n;
  __syncthreads();
  double least = n;
  for (int t = 0; t < SAMPLE_THREADS; t++) {
    least = fmin(least, space[t]);
  }
  __syncthreads();
  return least < n ? (int)least : 0;
}

// The first id with which the running sum passes u times the whole; thread 0 gives it.
DEVICE int pick(const double *w, int n, double u, int best, double *space) {
  int piece = (n + SAMPLE_THREADS - 1) / SAMPLE_THREADS;
  double mine = 0;
  for (int i = threadIdx.x * piece; i < min(n, ((int)threadIdx.x + 1) * piece); i++) {
    mine += w[i];
  }
  space[threadIdx.x] = mine;
  __syncthreads();
  if (threadIdx.x > 0) {
    return -1;
  }
  double whole = 0;
  for (int t = 0; t < SAMPLE_THREADS; t++) {
    whole += space[t];
  }
  double sum = 0;
  int t = 0;
  while (t < SAMPLE_THREADS - 1 && !(sum + space[t] > u * whole)) {
    sum += space[t++];
  }
  for (int i = t * piece; i < n; i++) {
    sum += w[i];
    if (sum > u * whole) {
      return i;
    }
  }
  return best;
}

KERNEL(SAMPLE_THREADS, sample, SampleArguments) {
  SHARED double space[SAMPLE_THREADS];
  i64 r = blockIdx.x;
  int n = (int)a.logits.n;
  double *w = a.scratch + r * n;
  const float *x = (const float *)a.logits.at + vector_at(a.logits, r);
  const float *p = (const float *)a.parameters.at + vector_at(a.parameters, r);
  const int *seen = (const int *)a.history.at + vector_at(a.history, r);
  for (int i = threadIdx.x; i < n; i += SAMPLE_THREADS) {
    w[i] = x[i];
  }
  __syncthreads();
  if (p[4] != 1) {
    int length = ((const int *)a.lengths.at)[r * a.lengths.stride];
    for (int i = threadIdx.x; i < length; i += SAMPLE_THREADS) {
      int id = seen[i];
      if (id >= 0 && id < n) { // from the logit itself: an id that comes twice counts once
        w[id] = x[id] > 0 ? (double)x[id] / p[4] : (double)x[id] * p[4];
      }
    }
  }
  __syncthreads();
  int best = best_of(w, n, space);
  double most = w[best];
  int id = isfinite(most) ? best : -1; // -1: the row offers nothing
  if (p[0] != 0 && id >= 0) {
    __syncthreads();
    for (int i = threadIdx.x; i < n; i += SAMPLE_THREADS) {
      double v = exp((w[i] - most) / p[0]);
      w[i] = v == v ? v : 0;
    }
    __syncthreads();
    truncate(w, n, p, space);
    id = pick(w, n, draw(a.state, (u32)r, 0, 0, 0), best, space);
  }
  if (threadIdx.x == 0) {
    ((int *)a.ids.at)[r * a.ids.stride] = id;
  }
}
