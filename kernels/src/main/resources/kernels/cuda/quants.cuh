// The blocks of panels as operands of mma: 32 elements of a row as small integers in 16 bits, which both types hold
// exactly, with their scales apart.
//
// Lane t of four takes elements 4 t to 4 t + 3 of the first sixteen and of the second sixteen: in every format these lie
// in as few aligned words, and the lanes of eight rows read 128 bytes in a row. An mma of 16 then sums the sixteen that
// share a scale in Q6_K; the other formats sum two.
#pragma once
#include "blocks.cuh"
#include "mma.cuh"

// What is loaded of 32 elements by one lane.
struct RawGroup {
  u32 quants[2];
  u32 high[2]; // further bits of quants
  u32 scales[4];
};

DEVICE u32 four_bytes(const Block &b, int i) { return *(const u32 *)(b.chunks + (i >> 4) * b.chunk_step + (i & 15)); }

// A block of Q4_0, Q4_1, Q5_0 or Q5_1.
DEVICE RawGroup load_nibbles(int type, const Block &b, int t) {
  RawGroup r = {};
  bool has_min = type == Q4_1 || type == Q5_1;
  r.quants[0] = four_bytes(b, 4 * t);
  r.scales[0] = b.word(0);
  if (has_min) {
    r.scales[1] = b.word(1);
  }
  if (type == Q5_0 || type == Q5_1) {
    r.high[0] = b.word(has_min ? 2 : 1) | b.word(has_min ? 3 : 2) << 16;
  }
  return r;
}

// 32 elements from 32 g on of a panel's block.
DEVICE RawGroup load_group(int type, const Block &b, int g, int t) {
  if (type == Q4_0 || type == Q4_1 || type == Q5_0 || type == Q5_1) {
    return load_nibbles(type, b, t);
  }
  RawGroup r = {};
  int at = 4 * t; // of the first quants; the second lie 16 bytes on
  if (type == Q8_0) {
    r.scales[0] = b.word(0);
  } else if (type == Q6_K) {
    r.scales[0] = b.word(0);
    r.scales[1] = four_bytes(b, 192 + g / 2 * 4) >> g % 2 * 16;
    r.high[0] = four_bytes(b, 128 + g / 4 * 32 + 4 * t);
    r.high[1] = four_bytes(b, 144 + g / 4 * 32 + 4 * t);
    at += 64 * (g / 4) + g % 2 * 32;
  } else {
    uint4 head = *(const uint4 *)b.chunks;
    r.scales[0] = head.x;
    r.scales[1] = head.y;
    r.scales[2] = head.z;
    r.scales[3] = head.w;
    at += (type == Q4_K ? 16 : 48) + g / 2 * 32;
    if (type == Q5_K) {
      r.high[0] = four_bytes(b, 16 + 4 * t);
      r.high[1] = four_bytes(b, 32 + 4 * t);
    }
  }
  r.quants[0] = four_bytes(b, at);
  r.quants[1] = four_bytes(b, at + 16);
  return r;
}

// Bit i of four to bit 8 i.
DEVICE u32 spread(u32 bits) { return (bits & 15) * 0x00204081u & 0x01010101u; }

// Four times `value - minus`, a byte each, as two words of two numbers. Below 128, a byte is the low end of the 16 bits of
// 128 + value or, in F16, 1024 + value; so is 128 itself in `minus`.
template <int TYPE> DEVICE uint2 differences(u32 value, u32 minus) {
  u32 base = TYPE == F16 ? 0x64646464u : 0x43434343u;
  return make_uint2(subtract_two<TYPE>(__byte_perm(value, base, 0x4140), __byte_perm(minus, base, 0x4140)),
                    subtract_two<TYPE>(__byte_perm(value, base, 0x4342), __byte_perm(minus, base, 0x4342)));
}

// The quants of a lane, four a word; they are more by what quant_offset says, and signed in Q8_0 alone.
DEVICE uint2 bytes_of(int type, const RawGroup &r, int g, int t) {
  const u32 NIBBLES = 0x0F0F0F0Fu;
  u32 value[2];
  for (int i = 0; i < 2; i++) {
    switch (type) {
    case Q8_0:
      value[i] = r.quants[i];
      break;
    case Q4_0:
    case Q4_1:
      value[i] = r.quants[0] >> 4 * i & NIBBLES;
      break;
    case Q5_0:
    case Q5_1:
      value[i] = (r.quants[0] >> 4 * i & NIBBLES) | spread(r.high[0] >> (16 * i + 4 * t)) << 4;
      break;
    case Q4_K:
      value[i] = r.quants[i] >> g % 2 * 4 & NIBBLES;
      break;
    case Q5_K:
      value[i] = (r.quants[i] >> g % 2 * 4 & NIBBLES) | (r.high[i] >> g & 0x01010101u) << 4;
      break;
    default: // Q6_K
      value[i] = (r.quants[i] >> g / 2 % 2 * 4 & NIBBLES) | (r.high[i] >> g % 4 * 2 & 0x03030303u) << 4;
    }
  }
  return make_uint2(value[0], value[1]);
}

DEVICE int quant_offset(int type) { return type == Q4_0 ? 8 : type == Q5_0 ? 16 : type == Q6_K ? 32 : 0; }

// The same in 16 bits: two words for each of two mma.
template <int TYPE> DEVICE uint4 quants_of(int type, const RawGroup &r, int g, int t) {
  uint2 value = bytes_of(type, r, g, t);
  u32 offset = quant_offset(type) * 0x01010101u;
  uint2 minus = make_uint2(offset, offset);
  if (type == Q8_0) { // q & 127 less 128 if it is negative
    minus = make_uint2(value.x & 0x80808080u, value.y & 0x80808080u);
    value = make_uint2(value.x & 0x7F7F7F7Fu, value.y & 0x7F7F7F7Fu);
  }
  uint2 first = differences<TYPE>(value.x, minus.x);
  uint2 second = differences<TYPE>(value.y, minus.y);
  return make_uint4(first.x, first.y, second.x, second.y);
}

DEVICE bool has_minimum(int type) { return type == Q4_1 || type == Q5_1 || type == Q4_K || type == Q5_K; }

// Scale and minimum of 32 elements; of Q6_K the scales of both sixteen.
DEVICE float2 scales_of(int type, const RawGroup &r, int g) {
  float d = from_f16((u16)r.scales[0]);
  switch (type) {
  case Q4_1:
  case Q5_1:
    return make_float2(d, from_f16((u16)r.scales[1]));
  case Q4_K:
  case Q5_K:
    return group_scales(r.scales[0], r.scales[1], r.scales[2], r.scales[3], g);
  case Q6_K:
    return make_float2(scaled((signed char)r.scales[1], d), scaled((signed char)(r.scales[1] >> 8), d));
  default:
    return make_float2(d, 0);
  }
}

// sum += w x^T over 32 of k, for 16 rows of w and eight of x. The operands are those of both mma; scales of rows g and
// g + 8 of w; x_sums, over these k, of rows 2 t and 2 t + 1 of x.
template <int TYPE>
DEVICE void mma_quants(int type, float *sum, const uint4 &upper, const uint4 &lower, const uint4 &x, const float2 *scales,
                       const float *x_sums) {
  float part[4] = {};
  mma<TYPE>(part, upper.x, lower.x, upper.y, lower.y, x.x, x.y);
  if (type == Q6_K) {
#pragma unroll
    for (int e = 0; e < 4; e++) {
      sum[e] = fmaf(part[e], scales[e / 2].x, sum[e]);
      part[e] = 0;
    }
  }
  mma<TYPE>(part, upper.z, lower.z, upper.w, lower.w, x.z, x.w);
#pragma unroll
  for (int e = 0; e < 4; e++) {
    sum[e] = fmaf(part[e], type == Q6_K ? scales[e / 2].y : scales[e / 2].x, sum[e]);
    if (has_minimum(type)) {
      sum[e] = fmaf(x_sums[e % 2], scales[e / 2].y, sum[e]);
    }
  }
}

// Sums over 32 of k of rows 2 t and 2 t + 1 of x, in every lane of those.
template <int TYPE> DEVICE float2 sums_of_x(const uint4 &x) {
  u32 ones = TYPE == F16 ? 0x3C003C00u : 0x3F803F80u;
  float sum[4] = {};
  mma<TYPE>(sum, ones, ones, ones, ones, x.x, x.y);
  mma<TYPE>(sum, ones, ones, ones, ones, x.z, x.w);
  return make_float2(sum[0], sum[1]);
}
