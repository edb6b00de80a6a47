// Products of x in blocks of Q8_0 with weights of block types: quants of both are multiplied as integers, 32 of k at a time,
// and scaled in F32:
//
//   out[m, n] = sum over groups of 32: d_x[m] (d[n] (q[n] . x[m]) + minimum[n] sum(x[m]))
//
// Of Q6_K, each sixteen have a scale of their own. Integers are exact, so all kernels give the same bits, as long as they
// scale and add in the order of `add_group`.
#pragma once
#include "matmul.cuh"
#include "quants.cuh"

#define X_BLOCK 34 // bytes: F16 scale, 32 quants

// Where row r of x begins.
DEVICE const u8 *x_blocks(const MatMulArguments &a, i64 r) { return a.x.at + vector_at(a.x, r) / 32 * X_BLOCK; }

DEVICE uint4 chunk_at(const Block &b, int byte) { return *(const uint4 *)(b.chunks + (byte >> 4) * b.chunk_step); }

DEVICE void words_of(const uint4 &chunk, u32 *words) {
  words[0] = chunk.x;
  words[1] = chunk.y;
  words[2] = chunk.z;
  words[3] = chunk.w;
}

// 32 elements from 32 g on of a panel's block as bytes, four a word; they are more by what quant_offset says.
DEVICE void load_quants(int type, const Block &b, int g, u32 *words) {
  const u32 NIBBLES = 0x0F0F0F0Fu;
  if (type == Q4_0 || type == Q4_1 || type == Q5_0 || type == Q5_1) {
    words_of(chunk_at(b, 0), words);
    int at = type == Q5_0 ? 1 : 2;
    u32 fifth = type == Q5_0 || type == Q5_1 ? b.word(at) | b.word(at + 1) << 16 : 0;
    for (int i = 0; i < 4; i++) {
      u32 both = words[i];
      words[i] = (both & NIBBLES) | spread(fifth >> 4 * i) << 4;
      words[4 + i] = (both >> 4 & NIBBLES) | spread(fifth >> (16 + 4 * i)) << 4;
    }
    return;
  }
  bool five = type == Q5_K;
  bool six = type == Q6_K;
  int at = type == Q8_0 ? 0 : six ? 64 * (g / 4) + g % 2 * 32 : (five ? 48 : 16) + g / 2 * 32;
  words_of(chunk_at(b, at), words);
  words_of(chunk_at(b, at + 16), words + 4);
  if (type == Q8_0) {
    return;
  }
  u32 high[8] = {};
  if (five || six) {
    int from = five ? 16 : 128 + g / 4 * 32;
    words_of(chunk_at(b, from), high);
    words_of(chunk_at(b, from + 16), high + 4);
  }
  int shift = six ? g / 2 % 2 * 4 : g % 2 * 4;
  for (int i = 0; i < 8; i++) {
    u32 upper = five ? high[i] >> g & 0x01010101u : six ? high[i] >> g % 4 * 2 & 0x03030303u : 0;
    words[i] = (words[i] >> shift & NIBBLES) | upper << 4;
  }
}

// Adds a group's products to a sum: `products` of both sixteen, less the offset times their sums of x.
DEVICE float add_group(int type, float sum, const int *products, const int *x_sums, float2 scales, float d_x) {
  int offset = quant_offset(type);
  int first = products[0] - offset * x_sums[0];
  int second = products[1] - offset * x_sums[1];
  if (type == Q6_K) {
    sum = fmaf((float)first, __fmul_rn(scales.x, d_x), sum);
    return fmaf((float)second, __fmul_rn(scales.y, d_x), sum);
  }
  sum = fmaf((float)(first + second), __fmul_rn(scales.x, d_x), sum);
  return has_minimum(type) ? fmaf((float)(x_sums[0] + x_sums[1]), __fmul_rn(scales.y, d_x), sum) : sum;
}
