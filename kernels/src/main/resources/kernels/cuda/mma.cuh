// Tensor cores from compute_80 on, and copies to shared memory that do not wait.
//
// A product's operands are read sixteen bytes at a time: over 32 of k, a lane with t = lane % 4 takes elements 8 t to
// 8 t + 7 of its rows, for two mma of 16 each. Both operands are permuted alike, so the sum is that of all 32.
#pragma once
#include "common.cuh"

#ifdef HEED_EMULATED
DEVICE float half_of(int type, u32 word, int i) {
  u16 bits = (u16)(word >> 16 * i);
  return type == F16 ? from_f16(bits) : from_bf16(bits);
}

// d += a b for a [16, 16], b [16, 8]: the layout of fragments is that of mma.sync.m16n8k16 in the PTX manual.
template <int TYPE> DEVICE void mma(float *d, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
  u32 mine[8] = {a0, a1, a2, a3, b0, b1, 0, 0};
  const u32(*all)[8] = emulator::exchange_fragments(mine);
  int g = threadIdx.x % 32 / 4;
  int t = threadIdx.x % 4;
  for (int i = 0; i < 4; i++) {
    double sum = d[i];
    for (int s = 0; s < 4; s++) {
      const u32 *a = all[4 * g + s];
      const u32 *b = all[4 * (2 * t + i % 2) + s];
      for (int k = 0; k < 4; k++) {
        sum += (double)half_of(TYPE, a[i / 2 + k / 2 * 2], k % 2) * half_of(TYPE, b[4 + k / 2], k % 2);
      }
    }
    d[i] = (float)sum;
  }
}

// d = a b for bytes: a [16, 32], b [32, 8], or 16 of k, without a2, a3 and b1; fragments as mma.sync.m16n8k32's.
template <int DEPTH_OF_K> DEVICE void mma_bytes(int *d, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
  u32 mine[8] = {a0, a1, a2, a3, b0, b1, 0, 0};
  const u32(*all)[8] = emulator::exchange_fragments(mine);
  int g = threadIdx.x % 32 / 4;
  int t = threadIdx.x % 4;
  for (int i = 0; i < 4; i++) {
    d[i] = 0;
    for (int s = 0; s < 4; s++) {
      const u32 *a = all[4 * g + s];
      const u32 *b = all[4 * (2 * t + i % 2) + s];
      d[i] = __dp4a((int)a[i / 2], (int)b[4], d[i]);
      d[i] = DEPTH_OF_K == 32 ? __dp4a((int)a[2 + i / 2], (int)b[5], d[i]) : d[i];
    }
  }
}

// ldmatrix.x4: lane l names row l % 8 of matrix l / 8, 8 by 8 of 16 bits.
DEVICE uint4 load_matrices(const uint4 *row) {
  const uint64_t *rows = emulator::exchange((uint64_t)row);
  u32 words[4];
  for (int i = 0; i < 4; i++) {
    words[i] = ((const u32 *)rows[8 * i + threadIdx.x % 32 / 4])[threadIdx.x % 4];
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

// The same, each matrix transposed.
DEVICE uint4 load_transposed(const uint4 *row) {
  const uint64_t *rows = emulator::exchange((uint64_t)row);
  int g = threadIdx.x % 32 / 4;
  u32 words[4];
  for (int i = 0; i < 4; i++) {
    const uint64_t *two = rows + 8 * i + threadIdx.x % 4 * 2;
    words[i] = ((const u16 *)two[0])[g] | (u32)((const u16 *)two[1])[g] << 16;
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

template <int TYPE> DEVICE u32 pack_two(float low, float high) {
  return TYPE == F16 ? to_f16(low) | (u32)to_f16(high) << 16 : to_bf16(low) | (u32)to_bf16(high) << 16;
}

// Both numbers of a word less those of another.
template <int TYPE> DEVICE u32 subtract_two(u32 x, u32 y) {
  return pack_two<TYPE>(half_of(TYPE, x, 0) - half_of(TYPE, y, 0), half_of(TYPE, x, 1) - half_of(TYPE, y, 1));
}

DEVICE float exp2_fast(float x) { return exp2f(x); }

DEVICE void copy_async(uint4 *to, const void *from, int valid) { emulator::copy_later(to, from, 16, valid); }
DEVICE void commit_copies() { emulator::commit_copies(); }
template <int GROUPS> DEVICE void wait_copies() { emulator::wait_copies(GROUPS); }
#elif __CUDA_ARCH__ >= 800
template <int TYPE> DEVICE void mma(float *d, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
  if (TYPE == F16) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  } else {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  }
}

template <int DEPTH_OF_K> DEVICE void mma_bytes(int *d, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
  if (DEPTH_OF_K == 32) {
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
                 : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1), "r"(0));
  } else {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%7,%7,%7,%7};"
                 : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
                 : "r"(a0), "r"(a1), "r"(b0), "r"(0));
  }
}

// ldmatrix.x4: lane l names row l % 8 of matrix l / 8, 8 by 8 of 16 bits.
DEVICE uint4 load_matrices(const uint4 *row) {
  uint4 m;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(m.x), "=r"(m.y), "=r"(m.z), "=r"(m.w)
               : "r"((u32)__cvta_generic_to_shared(row))
               : "memory");
  return m;
}

// The same, each matrix transposed.
DEVICE uint4 load_transposed(const uint4 *row) {
  uint4 m;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(m.x), "=r"(m.y), "=r"(m.z), "=r"(m.w)
               : "r"((u32)__cvta_generic_to_shared(row))
               : "memory");
  return m;
}

// Two numbers as one word, rounded to nearest even.
template <int TYPE> DEVICE u32 pack_two(float low, float high) {
  u32 two;
  if (TYPE == F16) {
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(two) : "f"(high), "f"(low));
  } else {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(two) : "f"(high), "f"(low));
  }
  return two;
}

// Both numbers of a word less those of another.
template <int TYPE> DEVICE u32 subtract_two(u32 x, u32 y) {
  u32 two;
  if (TYPE == F16) {
    asm("sub.f16x2 %0, %1, %2;" : "=r"(two) : "r"(x), "r"(y));
  } else { // 1 x + -y: before compute_90, BF16 has no other sums
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(two) : "r"(x), "r"(0x3F803F80u), "r"(y ^ 0x80008000u));
  }
  return two;
}

// 2^x to about two units in the last place; what is no normal number becomes 0.
DEVICE float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// Sixteen bytes, of which the first `valid` are read and the others zero.
DEVICE void copy_async(uint4 *to, const void *from, int valid) {
  u32 at = (u32)__cvta_generic_to_shared(to);
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(valid) : "memory");
}
DEVICE void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int GROUPS> DEVICE void wait_copies() { asm volatile("cp.async.wait_group %0;" ::"n"(GROUPS) : "memory"); }
#else
// Turing: the host never launches these kernels there.
template <int TYPE> DEVICE void mma(float *, u32, u32, u32, u32, u32, u32) { __trap(); }
template <int DEPTH_OF_K> DEVICE void mma_bytes(int *, u32, u32, u32, u32, u32, u32) { __trap(); }
DEVICE uint4 load_matrices(const uint4 *) { return make_uint4(0, 0, 0, 0); }
DEVICE uint4 load_transposed(const uint4 *) { return make_uint4(0, 0, 0, 0); }
template <int TYPE> DEVICE u32 pack_two(float, float) { return 0; }
template <int TYPE> DEVICE u32 subtract_two(u32, u32) { return 0; }
DEVICE float exp2_fast(float x) { return x; }
DEVICE void copy_async(uint4 *, const void *, int) { __trap(); }
DEVICE void commit_copies() {}
template <int GROUPS> DEVICE void wait_copies() {}
#endif

// 32 of k: two rows of the left operand, eight apart, by one of the right.
template <int TYPE> DEVICE void mma_32(float *d, const uint4 &upper, const uint4 &lower, const uint4 &right) {
  mma<TYPE>(d, upper.x, lower.x, upper.y, lower.y, right.x, right.y);
  mma<TYPE>(d, upper.z, lower.z, upper.w, lower.w, right.z, right.w);
}
