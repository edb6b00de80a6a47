// Weights of every type, eight at a time, from rows as checkpoints store them or from panels.
//
// Block formats are ggml's (ggml-common.h); values have the bits of its dequantize_row functions, so no multiplication is
// fused with an addition. For loading, a plain type counts as blocks of 32.
//
// A panel holds 32 rows, padded with zeros. A block is a few 16-bit words (scales, fifth bits) and chunks of 16 bytes:
//
//   panel[block][word][row % 32]   16 bits each
//        [block][chunk][row % 32]  16 bytes each
//
// so that 32 threads with a row each read neighbouring bytes. Within a block no byte is added or lost.
#pragma once
#include "common.cuh"

#define PANEL 32

// How a block is made of words and chunks.
struct Format {
  int elements; // of a block
  int bytes;
  int words;  // 16 bits each
  int chunks; // 16 bytes each
  int words_at; // byte within a row-major block
};

DEVICE Format format_of(int type) {
  switch (type) {
  case F32:
    return {32, 128, 0, 8, 0};
  case F16:
  case BF16:
    return {32, 64, 0, 4, 0};
  case Q8_0:
    return {32, 34, 1, 2, 0};
  case Q4_0:
    return {32, 18, 1, 1, 0};
  case Q4_1:
    return {32, 20, 2, 1, 0};
  case Q5_0:
    return {32, 22, 3, 1, 0};
  case Q5_1:
    return {32, 24, 4, 1, 0};
  case Q4_K:
    return {256, 144, 0, 9, 0};
  case Q5_K:
    return {256, 176, 0, 11, 0};
  default: // Q6_K
    return {256, 210, 1, 13, 208};
  }
}

// Where the words and chunks of one row's block lie.
struct Block {
  const u8 *words;
  const u8 *chunks;
  int word_step;
  int chunk_step;

  DEVICE_MEMBER u32 word(int i) const { return *(const u16 *)(words + i * word_step); }
  DEVICE_MEMBER u32 byte(int i) const { return chunks[(i >> 4) * chunk_step + (i & 15)]; }
  // Eight bytes from an index that is a multiple of 8. Rows of blocks lie at even addresses, panels at multiples of 16.
  DEVICE_MEMBER u64 eight(int i) const {
    const u8 *at = chunks + (i >> 4) * chunk_step + (i & 8);
    if (chunk_step != 16) {
      return *(const u64 *)at;
    }
    const u16 *parts = (const u16 *)at;
    return parts[0] | (u64)parts[1] << 16 | (u64)parts[2] << 32 | (u64)parts[3] << 48;
  }
};

DEVICE Block panel_block(const u8 *w, const Format &f, i64 blocks, i64 row, i64 block) {
  const u8 *at = w + ((row / PANEL) * blocks + block) * PANEL * f.bytes;
  int lane = (int)(row % PANEL);
  return {at + 2 * lane, at + 2 * PANEL * f.words + 16 * lane, 2 * PANEL, 16 * PANEL};
}

// A block at its address in a row-major tensor.
DEVICE Block row_block(const u8 *at, const Format &f) {
  return {at + f.words_at, at + (f.words_at > 0 ? 0 : 2 * f.words), 2, 16};
}

DEVICE float scaled(int q, float d) { return __fmul_rn((float)q, d); }
DEVICE float scaled(int q, float d, float m) { return __fadd_rn(__fmul_rn((float)q, d), m); }

// Scale and minimum of group g of Q4_K and Q5_K, from the first 16 bytes: d, dmin, and 6 bits for each of the eight
// groups: those of the first four in words 1 and 2, of the others the low ends in word 3 and the high ends above those.
DEVICE float2 group_scales(u32 word0, u32 word1, u32 word2, u32 word3, int g) {
  int shift = g % 4 * 8;
  u32 scale = word1 >> shift & 63;
  u32 minimum = word2 >> shift & 63;
  if (g >= 4) {
    scale = (word3 >> shift & 15) | (word1 >> (shift + 6) & 3) << 4;
    minimum = (word3 >> (shift + 4) & 15) | (word2 >> (shift + 6) & 3) << 4;
  }
  return make_float2(scaled((int)scale, from_f16((u16)word0)), -scaled((int)minimum, from_f16((u16)(word0 >> 16))));
}

DEVICE int byte_of(u64 bytes, int i) { return (int)(bytes >> 8 * i & 255); }

// Elements 8 e to 8 e + 7 of a block of 32 nibbles, some with a fifth bit.
DEVICE void unpack_nibbles(int type, const Block &b, int e, float *w) {
  bool five = type == Q5_0 || type == Q5_1;
  bool has_min = type == Q4_1 || type == Q5_1;
  u64 low = b.eight(e % 2 * 8);
  int shift = e / 2 * 4; // elements 16 to 31 are high nibbles
  float d = from_f16((u16)b.word(0));
  float m = has_min ? from_f16((u16)b.word(1)) : 0;
  int at = has_min ? 2 : 1;
  u32 fifth = five ? (b.word(at) | b.word(at + 1) << 16) >> 8 * e : 0;
  for (int i = 0; i < 8; i++) {
    int q = (byte_of(low, i) >> shift & 15) | (int)(fifth >> i & 1) << 4;
    w[i] = has_min ? scaled(q, d, m) : scaled(q - (five ? 16 : 8), d);
  }
}

// The same of Q4_K and Q5_K.
DEVICE void unpack_groups(int type, const Block &b, int e, float *w) {
  int g = e / 4; // of 8 groups of 32
  u64 first = b.eight(0);
  u64 second = b.eight(8);
  float2 s = group_scales((u32)first, (u32)(first >> 32), (u32)second, (u32)(second >> 32), g);
  u64 quants = b.eight((type == Q4_K ? 16 : 48) + g / 2 * 32 + e % 4 * 8);
  u64 fifth = type == Q5_K ? b.eight(16 + e % 4 * 8) : 0;
  for (int i = 0; i < 8; i++) {
    w[i] = scaled((byte_of(quants, i) >> g % 2 * 4 & 15) | (byte_of(fifth, i) >> g & 1) << 4, s.x, s.y);
  }
}

// The same of Q6_K.
DEVICE void unpack_q6_k(const Block &b, int e, float *w) {
  int half = e / 16;
  int part = e / 4 % 4;
  int j = e % 4 * 8;
  float d = scaled((signed char)b.byte(192 + e / 2), from_f16((u16)b.word(0)));
  u64 quants = b.eight(64 * half + part % 2 * 32 + j);
  u64 high = b.eight(128 + 32 * half + j);
  for (int i = 0; i < 8; i++) {
    w[i] = scaled(((byte_of(quants, i) >> part / 2 * 4 & 15) | (byte_of(high, i) >> 2 * part & 3) << 4) - 32, d);
  }
}

// Elements 8 e to 8 e + 7 of a block of a block type.
DEVICE void unpack(int type, const Block &b, int e, float *w) {
  switch (type) {
  case Q8_0: {
    float d = from_f16((u16)b.word(0));
    u64 q = b.eight(8 * e);
    for (int i = 0; i < 8; i++) {
      w[i] = scaled((signed char)byte_of(q, i), d);
    }
    return;
  }
  case Q4_K:
  case Q5_K:
    return unpack_groups(type, b, e, w);
  case Q6_K:
    return unpack_q6_k(b, e, w);
  default:
    return unpack_nibbles(type, b, e, w);
  }
}

// Elements 8 e to 8 e + 7 of a panel's block of any type.
DEVICE void unpack_panel(int type, const Block &b, int e, float *w) {
  if (type == F32) {
    for (int c = 0; c < 2; c++) {
      float4 v = *(const float4 *)(b.chunks + (2 * e + c) * b.chunk_step);
      w[4 * c] = v.x;
      w[4 * c + 1] = v.y;
      w[4 * c + 2] = v.z;
      w[4 * c + 3] = v.w;
    }
  } else if (type == F16 || type == BF16) {
    uint4 v = *(const uint4 *)(b.chunks + e * b.chunk_step);
    u32 pairs[4] = {v.x, v.y, v.z, v.w};
    for (int i = 0; i < 4; i++) {
      w[2 * i] = type == F16 ? from_f16((u16)pairs[i]) : from_bf16((u16)pairs[i]);
      w[2 * i + 1] = type == F16 ? from_f16((u16)(pairs[i] >> 16)) : from_bf16((u16)(pairs[i] >> 16));
    }
  } else {
    unpack(type, b, e, w);
  }
}
