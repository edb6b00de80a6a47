// The k largest of each row of n, largest first, equals by rising id; a NaN comes after all numbers. For large k: a radix
// selection, then a bitonic sort, whatever k is. LANES work-items share a row.
//
// Numbers become unsigned keys of the same order. From the highest digit on, lanes count the digits of all elements that
// agree with the last one selected so far, in bins in local memory, until one element is known to be the k-th; the ids of
// equals are the lower digits. So ceil((32 + bits of n) / 8) passes over the row find the k, in any order, and a sort of
// their ids in place, with log2(k)^2 / 2 steps, puts them in order.
// Estimate, which no GPU has confirmed: 4 n (6 or 7 + 1) bytes read, from cache after the first pass; an atomic addition of
// local memory for each element and pass. 1 KB of local memory, 20 registers (sm_80: 36).
// Every item finds a pass's digit by itself, in at most 256 reads of local memory one after the other, about 3 us beside the
// n / LANES loads (500 at 32 thousand logits and 64 items); a scan by subgroups would take a tenth of it. As no step of
// generating takes a large k (beams take topk.cl's few, sampling has samplegroup.cl), this has stayed the simple way.
#include "common.cl"

#define BINS 256
#if LANES == 1
#define MEET
#define COUNT(bins, digit) (bins)[digit]++
#define BINS_SPACE int
#else
#define MEET barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define COUNT(bins, digit) atomic_inc((bins) + (digit))
#define BINS_SPACE LOCAL int
#endif

// The key of element i: the number's order first, then the lower id. A NaN has the least; the two zeros are equal.
INLINE ulong key_of(GLOBAL const float *x, int i) {
  float v = x[i];
  uint bits = as_uint(v == 0 ? 0.0f : v);
  uint rising = bits >> 31 ? ~bits : bits | 0x80000000u;
  return (ulong)(isnan(v) ? 0u : rising) << 32 | (uint)~i;
}

// The k-th largest key of n.
INLINE_LOCAL ulong kth_key(GLOBAL const float *x, int n, int k, BINS_SPACE *bins) {
  int id_bytes = n <= 1 << 8 ? 1 : n <= 1 << 16 ? 2 : n <= 1 << 24 ? 3 : 4;
  ulong found = (ulong)(uint)~0u; // ids' digits that no id differs in are ones
  ulong known = id_bytes == 4 ? 0 : (ulong)(~0u << 8 * id_bytes);
  int left = k;
  for (int byte = 7; byte >= 0; byte = byte == 4 ? id_bytes - 1 : byte - 1) {
    MEET;
    for (int digit = LANE; digit < BINS; digit += LANES) {
      bins[digit] = 0;
    }
    MEET;
    for (int i = LANE; i < n; i += LANES) {
      ulong key = key_of(x, i);
      if (((key ^ found) & known) == 0) {
        COUNT(bins, (int)(key >> 8 * byte & 255));
      }
    }
    MEET;
    int digit = BINS - 1;
    for (; digit > 0 && bins[digit] < left; digit--) {
      left -= bins[digit];
    }
    ulong mask = (ulong)255 << 8 * byte;
    found = (found & ~mask) | (ulong)digit << 8 * byte;
    known |= mask;
  }
  return found;
}

// Puts k ids in order. Each stage merges pairs of sorted runs: first mirrored, then at falling distances; what is behind
// the end counts as the least, which never moves.
INLINE void sort(GLOBAL int *ids, int k, GLOBAL const float *x) {
  for (int run = 2; run < 2 * k; run *= 2) {
    for (int step = run / 2; step > 0; step /= 2) {
      MEET;
      for (int pair = LANE; pair < k; pair += LANES) {
        int within = pair % step;
        int first = pair / step * 2 * step + within;
        int second = step == run / 2 ? first - within + 2 * step - 1 - within : first + step;
        if (second < k && key_of(x, ids[first]) < key_of(x, ids[second])) {
          int id = ids[first];
          ids[first] = ids[second];
          ids[second] = id;
        }
      }
    }
  }
  MEET;
}

ROW_KERNEL(topkmany)(OUTPUT(values), OUTPUT(ids), INPUT(x), int n, int k) {
  BINS_SPACE bins[BINS];
  int r = GROUP_ROW;
  GLOBAL const float *from = (GLOBAL const float *)x + VECTOR(x, r, n);
  GLOBAL int *to = (GLOBAL int *)ids + VECTOR(ids, r, k);
  ulong last = kth_key(from, n, k, bins);
  MEET;
  if (LANE == 0) {
    bins[0] = 0;
  }
  MEET;
  for (int i = LANE; i < n; i += LANES) {
    if (key_of(from, i) >= last) {
      int at = COUNT(bins, 0);
      to[at] = i;
    }
  }
  sort(to, k, from);
  for (int i = LANE; i < k; i += LANES) {
    ((GLOBAL float *)values)[VECTOR(values, r, k) + i] = from[to[i]];
  }
}
