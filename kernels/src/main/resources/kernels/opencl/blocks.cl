// LOAD16(T, p, i): elements i to i + 16 of any weight type as F32, i a multiple of 16 from the start of a block row.
// Block formats are GGUF's; the values have the bits of their definition, computed in F32 without fma.
#define LOAD16(T, p, i) CAT(load16_, T)(p, i)

INLINE float load_half(GLOBAL const uchar *p) { return vload_half(0, (GLOBAL const half *)p); }

INLINE float16 load16_F32(GLOBAL const uchar *p, long i) { return vload16(0, (GLOBAL const float *)p + i); }

// By ushort, as a tensor may start at any element and vload_half16 of some drivers wants alignment.
INLINE float16 load16_F16(GLOBAL const uchar *p, long i) {
  ushort16 h = vload16(0, (GLOBAL const ushort *)p + i);
  uint16 bits = convert_uint16(h);
  uint16 sign = (bits & 0x8000u) << 16;
  uint16 rest = bits & 0x7fffu;
  // Multiplying by 2^112 moves the exponent's bias and makes subnormal numbers normal ones, exactly.
  float16 small = as_float16(rest << 13) * 0x1p112f;
  uint16 special = as_uint16(rest << 13) | 0x7f800000u;
  int16 is_special = rest >= 0x7c00u;
  return as_float16(sign | select(as_uint16(small), special, is_special));
}

INLINE float16 load16_BF16(GLOBAL const uchar *p, long i) {
  return as_float16(convert_uint16(vload16(0, (GLOBAL const ushort *)p + i)) << 16);
}

// 32 x int8, d first.
INLINE float16 load16_Q8_0(GLOBAL const uchar *p, long i) {
  p += (i >> 5) * 34;
  return convert_float16(vload16(0, (GLOBAL const char *)p + 2 + (i & 31))) * load_half(p);
}

// 16 bytes: low nibbles are elements 0 to 15 of the block, high nibbles 16 to 31.
INLINE int16 nibbles(GLOBAL const uchar *p, long i) {
  return convert_int16(vload16(0, p) >> (uchar)(i & 16 ? 4 : 0)) & 15;
}

// One bit of each of 16 elements out of 4 bytes, as the fifth.
INLINE int16 fifth_bits(GLOBAL const uchar *p, long i) {
  uint bits = ((uint)p[0] | (uint)p[1] << 8 | (uint)p[2] << 16 | (uint)p[3] << 24) >> (i & 16);
  const uint16 lane = (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return as_int16((((uint16)bits >> lane) & 1u) << 4);
}

INLINE float16 load16_Q4_0(GLOBAL const uchar *p, long i) {
  p += (i >> 5) * 18;
  return convert_float16(nibbles(p + 2, i) - 8) * load_half(p);
}

INLINE float16 load16_Q4_1(GLOBAL const uchar *p, long i) {
  p += (i >> 5) * 20;
  return convert_float16(nibbles(p + 4, i)) * load_half(p) + load_half(p + 2);
}

INLINE float16 load16_Q5_0(GLOBAL const uchar *p, long i) {
  p += (i >> 5) * 22;
  return convert_float16((nibbles(p + 6, i) | fifth_bits(p + 2, i)) - 16) * load_half(p);
}

INLINE float16 load16_Q5_1(GLOBAL const uchar *p, long i) {
  p += (i >> 5) * 24;
  return convert_float16(nibbles(p + 8, i) | fifth_bits(p + 4, i)) * load_half(p) + load_half(p + 2);
}

// 6-bit scale of group g out of the 12 bytes of Q4_K and Q5_K.
INLINE int group_scale(GLOBAL const uchar *p, int g) {
  return g < 4 ? p[g] & 63 : (p[g + 4] & 15) | (p[g - 4] >> 6) << 4;
}

// 6-bit minimum of group g.
INLINE int group_min(GLOBAL const uchar *p, int g) {
  return g < 4 ? p[g + 4] & 63 : (p[g + 4] >> 4) | (p[g] >> 6) << 4;
}

// d, dmin, 12 bytes of scales and minima, 128 bytes of nibbles: groups 2n (low) and 2n + 1 (high) share 32 bytes.
INLINE float16 load16_Q4_K(GLOBAL const uchar *p, long i) {
  p += (i >> 8) * 144;
  int g = (int)(i >> 5 & 7);
  float scale = load_half(p) * group_scale(p + 4, g);
  float least = load_half(p + 2) * group_min(p + 4, g);
  uchar16 q = vload16(0, p + 16 + 32 * (g / 2) + (i & 16)) >> (uchar)(4 * (g % 2));
  return scale * convert_float16(convert_int16(q) & 15) - least;
}

// As Q4_K, with 32 bytes of fifth bits between: bit g of byte j for element j of group g.
INLINE float16 load16_Q5_K(GLOBAL const uchar *p, long i) {
  p += (i >> 8) * 176;
  int g = (int)(i >> 5 & 7);
  float scale = load_half(p) * group_scale(p + 4, g);
  float least = load_half(p + 2) * group_min(p + 4, g);
  int16 low = convert_int16(vload16(0, p + 48 + 32 * (g / 2) + (i & 16)) >> (uchar)(4 * (g % 2))) & 15;
  int16 high = convert_int16(vload16(0, p + 16 + (i & 16)) >> (uchar)g) & 1;
  return scale * convert_float16(low | high << 4) - least;
}

// 128 bytes of low 4 bits, 64 of high 2 bits, 16 int8 scales, d.
INLINE float16 load16_Q6_K(GLOBAL const uchar *p, long i) {
  p += (i >> 8) * 210;
  int e = (int)(i & 255);
  int upper = e >> 7;
  int part = e >> 5 & 3;
  int j = e & 31;
  int16 low = convert_int16(vload16(0, p + 64 * upper + 32 * (part & 1) + j) >> (uchar)(4 * (part / 2))) & 15;
  int16 high = convert_int16(vload16(0, p + 128 + 32 * upper + j) >> (uchar)(2 * part)) & 3;
  float scale = load_half(p + 208) * (float)((GLOBAL const char *)p)[192 + (e >> 4)];
  return scale * convert_float16((low | high << 4) - 32);
}

// The last n < 16 elements of a row of a plain type, zeros behind them.
#define LOAD_UP_TO_16(T, p, i, n, into)                                                                                \
  {                                                                                                                    \
    float tail[16];                                                                                                    \
    for (int e = 0; e < 16; e++) {                                                                                     \
      tail[e] = e < (n) ? LOAD(T, p, (i) + e) : 0;                                                                     \
    }                                                                                                                  \
    into = vload16(0, tail);                                                                                           \
  }

INLINE float sum_of_16(float16 v) {
  float8 a = v.lo + UPPER_8(float8, v);
  float4 b = a.lo + a.hi;
  float2 c = b.lo + b.hi;
  return c.x + c.y;
}
