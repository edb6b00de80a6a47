// What the kernels of attention for CPUs share: exp of vectors, parts of rows, turning 16 x 16 numbers around.

#define F32_BYTES 4
#define F16_BYTES 2
#define BF16_BYTES 2
#define KV_BYTES CAT(KV, _BYTES)

// Asks for n elements of keys or values that start at `at`.
INLINE void fetch_part(GLOBAL const uchar *p, long at, int n) {
  for (int c = 0; c < n; c += 64 / KV_BYTES) {
    FETCH(p + (at + c) * KV_BYTES);
  }
}

// exp of 16 numbers, none above 0.
INLINE float16 exp_16(float16 x) {
  float16 rounded = fma(x, (float16)(1.442695041f), (float16)(12582912.0f));
  float16 n = rounded - 12582912.0f;
  float16 r = fma(n, (float16)(-0.693359375f), x);
  r = fma(n, (float16)(2.12194440e-4f), r);
  float16 p = fma(r, (float16)(1.381455921e-3f), (float16)(8.368736133e-3f));
  p = fma(p, r, (float16)(0.04166838899f));
  p = fma(p, r, (float16)(0.1666652113f));
  p = fma(p, r, (float16)(0.4999999404f));
  p = fma(p, r * r, r + 1.0f);
  uint16 power = (as_uint16(rounded) << 23) + (126u << 23);
  return select(p * as_float16(power) * 2.0f, (float16)(0.0f), x < -86.6f);
}

#define LOWER(a, b)                                                                                                    \
  (float16)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3, a.s4, b.s4, a.s5, b.s5, a.s6, b.s6, a.s7, b.s7)
#define UPPER(a, b)                                                                                                    \
  (float16)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb, a.sc, b.sc, a.sd, b.sd, a.se, b.se, a.sf, b.sf)

// Turns 16 x 16 numbers around: each round moves a bit of the place in its vector to the number of the vector.
INLINE void turn(float16 *v) {
#pragma unroll
  for (int round = 0; round < 4; round++) {
    float16 next[16];
#pragma unroll
    for (int i = 0; i < 8; i++) {
      next[2 * i] = LOWER(v[i], v[i + 8]);
      next[2 * i + 1] = UPPER(v[i], v[i + 8]);
    }
#pragma unroll
    for (int i = 0; i < 16; i++) {
      v[i] = next[i];
    }
  }
}

// Elements c to c + 16 of a vector of n that starts at element `at`; zeros behind its end.
#define PART(T, into, p, at, c, n)                                                                                     \
  if ((c) + 16 <= (n)) {                                                                                               \
    into = LOAD16(T, p, (at) + (c));                                                                                   \
  } else {                                                                                                             \
    LOAD_UP_TO_16(T, p, (at) + (c), (n) - (c), into)                                                                   \
  }
