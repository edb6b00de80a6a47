// Philox-4x32-10 (Salmon et al. 2011), as dev.heed.op.Philox.
#pragma once
#include "common.cuh"

// Number n of counter (c0, c1, c2, step), in [0, 1); state is seed low, seed high, step.
DEVICE float draw(const int *state, u32 c0, u32 c1, u32 c2, int n) {
  u32 k0 = state[0];
  u32 k1 = state[1];
  u32 c3 = state[2];
  for (int round = 0; round < 10; round++) {
    u64 p0 = (u64)0xD2511F53u * c0;
    u64 p1 = (u64)0xCD9E8D57u * c2;
    c0 = (u32)(p1 >> 32) ^ c1 ^ k0;
    c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
    c1 = (u32)p1;
    c3 = (u32)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  u32 word = n == 0 ? c0 : n == 1 ? c1 : n == 2 ? c2 : c3;
  return (word >> 8) * 5.9604644775390625e-8f;
}

struct AdvanceArguments {
  int *state;
};
