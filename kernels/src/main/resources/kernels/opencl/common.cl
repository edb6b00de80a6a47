// What all kernels share: names for OpenCL's keywords, views of tensors, and the lanes of a row.
//
// A kernel file names types through macros given at build time (-DX=F16 is the type of x) and reads and writes elements
// with LOAD(X, x, i) and STORE(OUT, out, i, value); arithmetic is in F32.
//
// Sums are written with fma where one is meant: contraction is off, so that a row's bits do not depend on what the
// compiler finds around it.
#pragma OPENCL FP_CONTRACT OFF

#define GLOBAL __global
#define LOCAL __local
#define INLINE static inline
// For functions that take local memory: where it optimises before it inlines, PoCL 3.1 lets all work-groups share it.
#define INLINE_LOCAL static inline __attribute__((always_inline))

// For loops of GPU kernels whose arrays are to be registers. On processors, where these kernels are only tested, PoCL would
// compile the unrolled loops for long.
#ifdef __x86_64__
#define UNROLLED _Pragma("nounroll")
#else
#define UNROLLED _Pragma("unroll")
#endif

#ifndef GROUP
#define GROUP 64 // work-items of a group in kernels that take an element each
#endif
#ifndef LANES
#define LANES 1 // work-items that share a row; 1: no barriers and no local memory, for CPUs
#endif

// One work-item an element: x counts elements, y and z rows.
//
// Estimate for all such kernels, which no GPU has confirmed (their headers have registers, from kernels/gpu-registers, and
// traffic): no local memory and at most 38 registers, so a multiprocessor is full of items. Each has one load of 4 bytes or 2 on
// its way, and bandwidth times 0.6 us of latency want
//   RTX 4090      0.6 MB: 128 multiprocessors of 48 warps have 0.79 MB in F32 and 0.39 in 16 bits, all and two thirds of the rate
//   RX 7900 XTX   0.58 MB: 192 SIMDs of 16 waves of 32 have 0.39 MB in F32, two thirds
//   Arc A770      0.34 MB: 4096 threads of SIMD16 have 0.26 MB, three quarters
// A decoding step reads its weights and caches in others: of its traffic these are below a hundredth.
#define ELEMENT_KERNEL(name) __kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void name
#define COLUMN ((long)get_global_id(0))
#define ROW_ID ((int)get_global_id(1))

// LANES work-items a row.
#define ROW_KERNEL(name) __kernel __attribute__((reqd_work_group_size(LANES, 1, 1))) void name
#define GROUP_ROW ((int)get_group_id(0))

// A row-major tensor as vectors of its last dimension: vector r starts at at + r / inner * stride + r % inner * n.
#define INPUT(x) GLOBAL const uchar *x, long x##_at, int x##_inner, long x##_stride
#define OUTPUT(x) GLOBAL uchar *x, long x##_at, int x##_inner, long x##_stride
#define VECTOR(x, r, n)                                                                                                \
  (x##_inner == 1 ? x##_at + (long)(r) * x##_stride                                                                    \
                  : x##_at + (long)((r) / x##_inner) * x##_stride + (long)((r) % x##_inner) * (n))

// Plain vectors: F32 or I32, with the offset of their first element. A null pointer stands for an absent one.
#define FLOATS(x) GLOBAL const float *x, long x##_at
#define INTS(x) GLOBAL const int *x, long x##_at

#if LANES == 1
#define LANE 0
// A row's only work-item may sum in any order that is the same for all rows: the compiler vectorises the loop.
#define ANY_ORDER _Pragma("clang fp reassociate(on)")
#else
#define LANE ((int)get_local_id(0))
#define ANY_ORDER
#endif

// Long kernels of CPUs tell spin.cl that they have begun. STARTED ends their parameters, SAY_STARTED comes first in them.
#ifdef SPINS
#define STARTED , volatile GLOBAL int *started
#define SAY_STARTED                                                                                                    \
  if (get_group_id(0) + get_group_id(1) == 0) {                                                                        \
    atomic_inc(started);                                                                                               \
  }
#else
#define STARTED
#define SAY_STARTED
#endif

// The upper half of 16 elements, one by one: Oclgrind 21.10 takes some indices of a shuffle of 16 for undefined.
#define UPPER_8(T, v) ((T)((v).s8, (v).s9, (v).sa, (v).sb, (v).sc, (v).sd, (v).se, (v).sf))

// Asks for the line at p ahead of its use. OpenCL's prefetch does nothing in PoCL, which has clang's.
#ifdef POCL_DEVICE_ADDRESS_BITS
#define FETCH(p) __builtin_prefetch((const void *)(size_t)(p))
#else
#define FETCH(p)
#endif

#include "types.cl"
