/*
 * Measures the bandwidth of reading memory and prints a JSON line: the roofline of decoding.
 *
 *   bandwidth [threads [MiB]]      default: 2 threads, 1024 MiB together
 *
 * Each thread sums its own part of one buffer, as eight-byte integers, which the compiler turns into
 * vector loads; all start a run together. Median, fastest and slowest of 30 runs after two warm-ups.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { WARM_UPS = 2, RUNS = 30, MAX_THREADS = 1024, LANES = 64 };

static pthread_barrier_t barrier;

struct part {
  pthread_t thread;
  const uint64_t *data;
  size_t length; /* a multiple of LANES */
  uint64_t sum;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* LANES independent sums: eight vectors of 512 bits in flight. */
static uint64_t sum(const uint64_t *data, size_t length) {
  uint64_t lanes[LANES] = {0};
  for (size_t i = 0; i < length; i += LANES) {
    for (size_t lane = 0; lane < LANES; lane++) {
      lanes[lane] += data[i + lane];
    }
  }
  uint64_t total = 0;
  for (size_t lane = 0; lane < LANES; lane++) total += lanes[lane];
  return total;
}

static void *work(void *argument) {
  struct part *part = argument;
  for (int run = -WARM_UPS; run < RUNS; run++) {
    pthread_barrier_wait(&barrier);
    part->sum = sum(part->data, part->length);
    pthread_barrier_wait(&barrier);
  }
  return NULL;
}

static int ascending(const void *x, const void *y) {
  double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

static long number(const char *text, long most) {
  char *end;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (errno != 0 || end == text || *end != 0 || value < 1 || value > most) {
    fprintf(stderr, "bandwidth: not a number from 1 to %ld: %s\nusage: bandwidth [threads [MiB]]\n", most, text);
    exit(2);
  }
  return value;
}

/* Memory with values written, so that every page is there. */
static uint64_t *filled(size_t length) {
  uint64_t *data =
      mmap(NULL, length * sizeof *data, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    fprintf(stderr, "bandwidth: no memory for %zu bytes\n", length * sizeof *data);
    exit(1);
  }
  madvise(data, length * sizeof *data, MADV_HUGEPAGE); /* advice only: small pages work too */
  for (size_t i = 0; i < length; i++) data[i] = i;
  return data;
}

int main(int argc, char **argv) {
  if (argc > 3) {
    fprintf(stderr, "usage: bandwidth [threads [MiB]]\n");
    return 2;
  }
  size_t threads = argc > 1 ? (size_t)number(argv[1], MAX_THREADS) : 2;
  size_t mebibytes = argc > 2 ? (size_t)number(argv[2], 1L << 24) : 1024;
  size_t length = (mebibytes << 20) / sizeof(uint64_t) / threads / LANES * LANES; /* of a part */
  uint64_t *data = filled(length * threads);
  static struct part parts[MAX_THREADS];
  pthread_barrier_init(&barrier, NULL, (unsigned)threads + 1);
  for (size_t t = 0; t < threads; t++) {
    parts[t].data = data + t * length;
    parts[t].length = length;
    if (pthread_create(&parts[t].thread, NULL, work, &parts[t]) != 0) {
      fprintf(stderr, "bandwidth: cannot start thread %zu\n", t);
      return 1;
    }
  }
  double seconds[RUNS];
  for (int run = -WARM_UPS; run < RUNS; run++) {
    double start = now();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    if (run >= 0) seconds[run] = now() - start;
  }
  uint64_t total = 0;
  for (size_t t = 0; t < threads; t++) {
    pthread_join(parts[t].thread, NULL);
    total += parts[t].sum;
  }
  uint64_t count = length * threads;
  if (total != (count & 1 ? count * ((count - 1) / 2) : count / 2 * (count - 1))) {
    fprintf(stderr, "bandwidth: wrong sum\n");
    return 1;
  }
  qsort(seconds, RUNS, sizeof *seconds, ascending);
  double bytes = 1e-9 * (double)(count * sizeof *data);
  printf("{\"peer\":\"memory\",\"threads\":%zu,\"bytes\":%zu,\"gbPerSecond\":%.1f,\"gbPerSecondFastest\":%.1f,"
         "\"gbPerSecondSlowest\":%.1f,\"runs\":%d}\n",
         threads, count * sizeof *data, bytes / ((seconds[(RUNS - 1) / 2] + seconds[RUNS / 2]) / 2), bytes / seconds[0],
         bytes / seconds[RUNS - 1], RUNS);
  return 0;
}
