/*
 * Times OpenBLAS's single precision matrix product C = A B, row major, and prints a JSON line a shape.
 *
 *   openblas_sgemm                 1024, 1536 and 2048 cubed
 *   openblas_sgemm m n k [m n k]   any shapes
 *
 * Data: N(0, 1). Warm-up for a third of a second, then as many products in a row as take about two
 * milliseconds, again and again for three seconds (at least 20 times); of a product's time, the mean of
 * those in a row, median, fastest and slowest. The first C is checked against a product in double precision at some hundred places.
 * OPENBLAS_NUM_THREADS and OPENBLAS_CORETYPE choose threads and kernels, as always with OpenBLAS.
 */
#include <cblas.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MIN_RUNS = 20, MAX_RUNS = 4000, CHECKS = 256 };
static const double WARM_UP = 0.33, SECONDS = 3.0;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* SplitMix64. */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* Uniform in (0, 1). */
static double uniform(uint64_t *state) { return ((double)(next_random(state) >> 11) + 0.5) * 0x1p-53; }

/* A new array of size values from N(0, 1), by Box and Muller. */
static float *normal(size_t size, uint64_t seed) {
  float *x = malloc(size * sizeof *x);
  if (x == NULL) {
    fprintf(stderr, "openblas_sgemm: no memory for %zu floats\n", size);
    exit(1);
  }
  for (size_t i = 0; i < size; i++) {
    double radius = sqrt(-2.0 * log(uniform(&seed)));
    x[i] = (float)(radius * cos(6.283185307179586 * uniform(&seed)));
  }
  return x;
}

/* Largest |C - exact| over some elements, divided by sqrt(k), the size of an element. */
static double error(const float *a, const float *b, const float *c, int m, int n, int k) {
  uint64_t seed = 3;
  double worst = 0;
  for (int check = 0; check < CHECKS; check++) {
    size_t row = next_random(&seed) % (uint64_t)m;
    size_t column = next_random(&seed) % (uint64_t)n;
    double sum = 0;
    for (size_t i = 0; i < (size_t)k; i++) {
      sum += (double)a[row * (size_t)k + i] * (double)b[i * (size_t)n + column];
    }
    worst = fmax(worst, fabs(sum - (double)c[row * (size_t)n + column]));
  }
  return worst / sqrt(k);
}

static int ascending(const void *x, const void *y) {
  double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

static void product(int m, int n, int k, const float *a, const float *b, float *c) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
}

/* So many take about two milliseconds at 200 GFLOP/s. */
static int products_in_a_row(int m, int n, int k) { return (int)(0.4e9 / (2.0 * m * n * k)) + 1; }

static void measure(int m, int n, int k) {
  float *a = normal((size_t)m * (size_t)k, 1);
  float *b = normal((size_t)k * (size_t)n, 2);
  float *c = normal((size_t)m * (size_t)n, 3);
  static double seconds[MAX_RUNS];
  int in_a_row = products_in_a_row(m, n, k);
  int runs = 0;
  for (double start = now(); now() - start < WARM_UP;) {
    product(m, n, k, a, b, c);
  }
  for (double start = now(); runs < MAX_RUNS && (runs < MIN_RUNS || now() - start < SECONDS);) {
    double begin = now();
    for (int i = 0; i < in_a_row; i++) {
      product(m, n, k, a, b, c);
    }
    seconds[runs++] = (now() - begin) / in_a_row;
  }
  qsort(seconds, (size_t)runs, sizeof *seconds, ascending);
  double median = (seconds[(runs - 1) / 2] + seconds[runs / 2]) / 2;
  double gflop = 2e-9 * m * n * k;
  printf("{\"peer\":\"openblas\",\"version\":\"%s\",\"core\":\"%s\",\"threads\":%d,\"m\":%d,\"n\":%d,\"k\":%d,"
         "\"gflops\":%.1f,\"gflopsFastest\":%.1f,\"gflopsSlowest\":%.1f,\"medianMicros\":%.1f,\"runs\":%d,\"inARow\":%d,\"error\":%.2e}\n",
         openblas_get_config(), openblas_get_corename(), openblas_get_num_threads(), m, n, k, gflop / median,
         gflop / seconds[0], gflop / seconds[runs - 1], median * 1e6, runs, in_a_row, error(a, b, c, m, n, k));
  fflush(stdout);
  free(a);
  free(b);
  free(c);
}

static int size(const char *text) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (errno != 0 || end == text || *end != 0 || value < 1 || value > INT_MAX) {
    fprintf(stderr, "openblas_sgemm: not a size: %s\nusage: openblas_sgemm [m n k]...\n", text);
    exit(2);
  }
  return (int)value;
}

int main(int argc, char **argv) {
  if ((argc - 1) % 3 != 0) {
    fprintf(stderr, "usage: openblas_sgemm [m n k]...\n");
    return 2;
  }
  if (argc == 1) {
    measure(1024, 1024, 1024);
    measure(1536, 1536, 1536);
    measure(2048, 2048, 2048);
  }
  for (int i = 1; i < argc; i += 3) {
    measure(size(argv[i]), size(argv[i + 1]), size(argv[i + 2]));
  }
  return 0;
}
