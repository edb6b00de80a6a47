// What all kernels share: types, views of tensors, conversions, and reductions over a block.
//
// A kernel takes one struct of arguments by value. Arithmetic is in F32; a sum's order depends on the length of what is
// summed alone, so that a row's bits do not depend on its batch. There are no floating-point atomics.
#pragma once

#ifdef HEED_EMULATED
#include "emulated.h"
#else
#define ENTRY(threads, bounds, name, Arguments)                                                                        \
  extern "C" __global__ void __launch_bounds__ bounds heed_##name(const __grid_constant__ Arguments a)
#define SHARED __shared__
#define DYNAMIC_SHARED(type, name) extern __shared__ __align__(16) type name[]
#define DEVICE_MEMBER __device__ __forceinline__
#define DEVICE static __device__ __forceinline__
#endif

#if __CUDA_ARCH__ >= 900
// Where the host lets a launch begin before the one before has ended (programmatic dependent launch): waits until that has,
// with all it wrote, and lets the next begin. No effect elsewhere.
static __device__ __forceinline__ void await_previous() {
  asm volatile("griddepcontrol.wait;" ::: "memory");
  asm volatile("griddepcontrol.launch_dependents;");
}
#elif !defined(HEED_EMULATED)
static __device__ __forceinline__ void await_previous() {}
#endif

// A kernel for blocks of up to so many threads; ALONE: so that they may have all registers of a multiprocessor.
#define KERNEL_WITHIN(threads, bounds, name, Arguments)                                                                \
  DEVICE void body_##name(const Arguments &a);                                                                         \
  ENTRY(threads, bounds, name, Arguments) {                                                                            \
    await_previous();                                                                                                  \
    body_##name(a);                                                                                                    \
  }                                                                                                                    \
  DEVICE void body_##name(const Arguments &a)
#define KERNEL(threads, name, Arguments) KERNEL_WITHIN(threads, (threads), name, Arguments)
#define KERNEL_ALONE(threads, name, Arguments) KERNEL_WITHIN(threads, (threads, 1), name, Arguments)

typedef long long i64;
typedef unsigned long long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

#define INFINITE __int_as_float(0x7f800000)
#define WARP 32
#define ALL_LANES 0xffffffffu

// The ordinals of dev.heed.tensor.DType.
enum Type { F32, F16, BF16, I32, I8, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K };

// The ordinals of dev.heed.op.Activation.
enum Activation { IDENTITY, RELU, GELU, GELU_TANH, SILU, TANH, SIGMOID };

// A row-major tensor as vectors of its last dimension, of n elements: vector r starts at element
// r / inner * stride + r % inner * n; there are fewer than 2^32.
struct View {
  u8 *at;
  i64 stride;
  i64 n;
  u32 inner;
  int type;
};

DEVICE i64 vector_at(const View &v, i64 r) {
  u32 row = (u32)r;
  return v.inner == 1 ? r * v.stride : (i64)(row / v.inner) * v.stride + (i64)(row % v.inner) * v.n;
}

DEVICE float from_bf16(u16 bits) { return __int_as_float((u32)bits << 16); }

// Round to nearest even; a NaN stays one.
DEVICE u16 to_bf16(float x) {
  u32 bits = (u32)__float_as_int(x);
  return (u16)(x != x ? bits >> 16 | 64 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#ifndef HEED_EMULATED
DEVICE float from_f16(u16 bits) {
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
  return x;
}

DEVICE u16 to_f16(float x) {
  u16 bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
}
#endif

// Element i of a plain type.
DEVICE float load(int type, const u8 *at, i64 i) {
  switch (type) {
  case F32:
    return ((const float *)at)[i];
  case F16:
    return from_f16(((const u16 *)at)[i]);
  case BF16:
    return from_bf16(((const u16 *)at)[i]);
  case I32:
    return (float)((const int *)at)[i];
  default:
    return (float)((const signed char *)at)[i];
  }
}

DEVICE void store(int type, u8 *at, i64 i, float x) {
  if (type == F32) {
    ((float *)at)[i] = x;
  } else {
    ((u16 *)at)[i] = type == F16 ? to_f16(x) : to_bf16(x);
  }
}

// Elements i and i + 1, at once where they are aligned.
DEVICE void store_two(int type, u8 *at, i64 i, float2 x) {
  if (type != F32 && (u64)(at + 2 * i) % 4 == 0) {
    u32 low = type == F16 ? to_f16(x.x) : to_bf16(x.x);
    u32 high = type == F16 ? to_f16(x.y) : to_bf16(x.y);
    *(u32 *)(at + 2 * i) = low | high << 16;
  } else {
    store(type, at, i, x.x);
    store(type, at, i + 1, x.y);
  }
}

// Whether eight elements from any multiple of eight lie on 16-byte boundaries, in every vector.
DEVICE bool is_wide(const View &v) { return (u64)v.at % 16 == 0 && v.n % 8 == 0 && v.stride % 8 == 0; }

// `count` elements from i on: one, or eight of a float type on a 16-byte boundary.
DEVICE void load_some(int type, const u8 *at, i64 i, int count, float *x) {
  if (count == 1) {
    x[0] = load(type, at, i);
  } else if (type == F32) {
    float4 low = ((const float4 *)(at + 4 * i))[0];
    float4 high = ((const float4 *)(at + 4 * i))[1];
    x[0] = low.x, x[1] = low.y, x[2] = low.z, x[3] = low.w;
    x[4] = high.x, x[5] = high.y, x[6] = high.z, x[7] = high.w;
  } else {
    uint4 all = *(const uint4 *)(at + 2 * i);
    u32 pairs[4] = {all.x, all.y, all.z, all.w};
#pragma unroll
    for (int j = 0; j < 8; j++) {
      u16 bits = (u16)(pairs[j / 2] >> j % 2 * 16);
      x[j] = type == F16 ? from_f16(bits) : from_bf16(bits);
    }
  }
}

DEVICE void store_some(int type, u8 *at, i64 i, int count, const float *x) {
  if (count == 1) {
    store(type, at, i, x[0]);
  } else if (type == F32) {
    ((float4 *)(at + 4 * i))[0] = make_float4(x[0], x[1], x[2], x[3]);
    ((float4 *)(at + 4 * i))[1] = make_float4(x[4], x[5], x[6], x[7]);
  } else {
    u32 pairs[4];
#pragma unroll
    for (int j = 0; j < 4; j++) {
      u32 low = type == F16 ? to_f16(x[2 * j]) : to_bf16(x[2 * j]);
      u32 high = type == F16 ? to_f16(x[2 * j + 1]) : to_bf16(x[2 * j + 1]);
      pairs[j] = low | high << 16;
    }
    *(uint4 *)(at + 2 * i) = make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
  }
}

DEVICE float warp_sum(float x) {
  for (int step = WARP / 2; step > 0; step /= 2) {
    x += __shfl_xor_sync(ALL_LANES, x, step);
  }
  return x;
}

DEVICE float warp_max(float x) {
  for (int step = WARP / 2; step > 0; step /= 2) {
    x = fmaxf(x, __shfl_xor_sync(ALL_LANES, x, step));
  }
  return x;
}

// Sums over all threads of a block, for all of them; space has one element a warp.
DEVICE float block_sum(float x, float *space) {
  x = warp_sum(x);
  __syncthreads();
  if (threadIdx.x % WARP == 0) {
    space[threadIdx.x / WARP] = x;
  }
  __syncthreads();
  x = space[0];
  for (u32 w = 1; w < blockDim.x / WARP; w++) {
    x += space[w];
  }
  return x;
}

DEVICE float block_max(float x, float *space) {
  x = warp_max(x);
  __syncthreads();
  if (threadIdx.x % WARP == 0) {
    space[threadIdx.x / WARP] = x;
  }
  __syncthreads();
  x = space[0];
  for (u32 w = 1; w < blockDim.x / WARP; w++) {
    x = fmaxf(x, space[w]);
  }
  return x;
}

DEVICE float activate(int fn, float x) {
  switch (fn) {
  case RELU:
    return x < 0 ? 0 : x;
  case GELU: // x Phi(x); erfc keeps its digits where Phi is small
    return 0.5f * x * erfcf(x * -0.70710678118654752f);
  case GELU_TANH: { // x/2 (1 + tanh(u)) = x / (1 + exp(-2u))
    float u = 0.7978845608028654f * (x + 0.044715f * x * x * x);
    return x / (1 + expf(-2 * u));
  }
  case SILU:
    return x / (1 + expf(-x));
  case TANH:
    return tanhf(x);
  case SIGMOID:
    return 1 / (1 + expf(-x));
  default:
    return x;
  }
}
