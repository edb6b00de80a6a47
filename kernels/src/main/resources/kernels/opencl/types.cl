// Elements of plain types: LOAD(T, p, i) gives element i as F32, STORE(T, p, i, v) rounds to nearest even.
// T is F32, F16, BF16, I32 or I8, directly or through a macro. LOAD4 gives elements i to i + 3 of the first three.
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define LOAD(T, p, i) CAT(LOAD_, T)(p, i)
#define LOAD4(T, p, i) CAT(LOAD4_, T)(p, i)
#define STORE(T, p, i, v) CAT(STORE_, T)(p, i, v)

#define LOAD_F32(p, i) (((GLOBAL const float *)(p))[i])
#define LOAD_F16(p, i) vload_half(i, (GLOBAL const half *)(p))
#define LOAD_BF16(p, i) as_float((uint)((GLOBAL const ushort *)(p))[i] << 16)
#define LOAD_I32(p, i) ((float)((GLOBAL const int *)(p))[i])
#define LOAD_I8(p, i) ((float)((GLOBAL const char *)(p))[i])

// vload4 wants elements aligned, vload_half4 of some drivers vectors.
#define LOAD4_F32(p, i) vload4(0, (GLOBAL const float *)(p) + (i))
#ifdef FP16 // the driver has cl_khr_fp16; some compilers define that macro where it has not
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
INLINE float4 floats_of_half4(half4 h) { return (float4)(h.x, h.y, h.z, h.w); } // libclc has no convert_float4 of halves
#define LOAD4_F16(p, i) floats_of_half4(as_half4(vload4(0, (GLOBAL const ushort *)(p) + (i))))
#else
#define LOAD4_F16(p, i) (float4)(LOAD_F16(p, i), LOAD_F16(p, (i) + 1), LOAD_F16(p, (i) + 2), LOAD_F16(p, (i) + 3))
#endif
#define LOAD4_BF16(p, i) as_float4(convert_uint4(vload4(0, (GLOBAL const ushort *)(p) + (i))) << 16)

#define STORE_F32(p, i, v) (((GLOBAL float *)(p))[i] = (v))
#define STORE_F16(p, i, v) vstore_half_rte(v, i, (GLOBAL half *)(p))
#define STORE_BF16(p, i, v) (((GLOBAL ushort *)(p))[i] = bf16_bits(v))

// The upper half of an F32's bits, rounded to nearest even; a NaN stays one.
INLINE ushort bf16_bits(float v) {
  uint bits = as_uint(v);
  uint rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
  return (ushort)(isnan(v) ? bits >> 16 | 0x40u : rounded);
}
