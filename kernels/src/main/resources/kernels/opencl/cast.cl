// out = in in another type, by way of F32; rows of n elements. X: any type, OUT: F32, F16, BF16 or, of F32, Q8_0.
// Estimate: F16 to F32 6 bytes an element, 5 registers (sm_80: 14); block types 4.6 to 5.1, 27 (32), stores of neighbours 64 bytes
// apart; to Q8_0 5.1, 38 (31), each item reading 128 bytes of its own, lines from cache after the first read. Bound by memory.
#include "common.cl"
#include "blocks.cl"

#ifndef OUT_PLAIN
// To Q8_0, as ggml rounds: one work-item a block of 32, d = max |x| / 127, quants x (1 / d) to nearest, ties away from 0.
ELEMENT_KERNEL(cast)(OUTPUT(out), INPUT(in), long n) {
  long i = 32 * COLUMN;
  if (i < n) {
    GLOBAL const float *from = (GLOBAL const float *)in + VECTOR(in, ROW_ID, n) + i;
    GLOBAL uchar *to = out + (VECTOR(out, ROW_ID, n) + i) / 32 * 34;
    uint most = 0; // as bits, so that a NaN is the most
    for (int e = 0; e < 32; e++) {
      most = max(most, as_uint(from[e]) & 0x7fffffffu);
    }
    float d = as_float(most) / 127.0f;
    float inverse = d == 0 ? 0.0f : 1.0f / d;
    vstore_half_rte(d, 0, (GLOBAL half *)to);
    for (int e = 0; e < 32; e++) {
      float v = from[e] * inverse;
      // The last number below 0.5: truncation then rounds ties away from 0.
      to[2 + e] = (uchar)(int)(v + copysign(0x1.fffffep-2f, v));
    }
  }
}
#elif defined(X_PLAIN)
// X plain: one work-item an element.
ELEMENT_KERNEL(cast)(OUTPUT(out), INPUT(in), long n) {
  long i = COLUMN;
  if (i < n) {
    STORE(OUT, out, VECTOR(out, ROW_ID, n) + i, LOAD(X, in, VECTOR(in, ROW_ID, n) + i));
  }
}
#else
// X a block type: one work-item 16 elements.
ELEMENT_KERNEL(cast)(OUTPUT(out), INPUT(in), long n) {
  long i = 16 * COLUMN;
  if (i < n) {
    float value[16];
    vstore16(LOAD16(X, in, VECTOR(in, ROW_ID, n) + i), 0, value);
    long to = VECTOR(out, ROW_ID, n) + i;
    for (int e = 0; e < 16; e++) {
      STORE(OUT, out, to + e, value[e]);
    }
  }
}
#endif
