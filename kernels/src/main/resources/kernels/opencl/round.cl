// Numbers to Q8_0, as ggml rounds (quantize_row_q8_0_ref): for 32 of them d = max |x| / 127 as F16, then quants x (1 / d) to
// nearest, ties away from 0.
INLINE void round_block(GLOBAL uchar *to, GLOBAL const float *from) {
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
