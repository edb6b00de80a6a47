// Rotary position embedding (Su et al. 2021) of the first 2 * half of n elements of each head; the others are copied.
// x [T, heads, n], cos_sin [positions, 2, half]. One work-item a pair or a copied element: out may be x.
// Estimate: F32 16 bytes a pair for 6 FLOPs, cos_sin from cache, where all heads of a token share it: bound by memory. 16 registers
// (sm_80: 20). Decoders rotate in qkvropestore.cl.
#include "common.cl"

ELEMENT_KERNEL(rope)(OUTPUT(out), INPUT(x), INPUT(cos_sin), INTS(positions), int heads, int n, int half_size,
                     int interleaved) {
  int m = (int)COLUMN;
  int r = ROW_ID;
  if (m >= n - half_size) {
    return;
  }
  long to = VECTOR(out, r, n);
  long from = VECTOR(x, r, n);
  if (m >= half_size) {
    STORE(OUT, out, to + half_size + m, LOAD(X, x, from + half_size + m));
    return;
  }
  int i = interleaved ? 2 * m : m;
  int j = interleaved ? 2 * m + 1 : m + half_size;
  float a = LOAD(X, x, from + i);
  float b = LOAD(X, x, from + j);
  int position = positions[positions_at + r / heads];
  if (position >= 0) {
    GLOBAL const float *table = (GLOBAL const float *)cos_sin + VECTOR(cos_sin, 2 * position, half_size);
    float c = table[m];
    float s = table[half_size + m];
    float rotated = a * c - b * s;
    b = a * s + b * c;
    a = rotated;
  }
  STORE(OUT, out, to + i, a);
  STORE(OUT, out, to + j, b);
}
