// *out = which of the products of dot.cl the processor has that this runs on, whatever the compiler takes it for. One
// work-item. Processors of other makes, and Oclgrind, have the plain one.
#include "common.cl"
#include "dot.cl"

#ifdef __AVX2__
INLINE uint4 cpuid(uint leaf) {
  uint a = leaf, b, c = 0, d;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return (uint4)(a, b, c, d);
}

// AVX512F, AVX512VL and AVX512_VNNI of leaf 7, and all registers saved by the operating system.
INLINE bool has_bytes() {
  if (cpuid(0).x < 7 || !(cpuid(1).z >> 27 & 1)) {
    return false;
  }
  uint saved, upper;
  __asm__ volatile("xgetbv" : "=a"(saved), "=d"(upper) : "c"(0));
  uint4 features = cpuid(7);
  return (saved & 0xe6) == 0xe6 && features.y >> 16 & features.y >> 31 & features.z >> 11 & 1;
}
#endif

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void dots(GLOBAL int *out) {
#ifdef __AVX2__
  int found = IS_PAIRS;
  if (has_bytes()) {
    int8 sum = dot_bytes((int8)(out[0]), (uint8)(0x80ff0102u), (int8)(0x7f81fe03u));
    found = sum.s0 == out[0] + 128 * 127 - 255 * 127 - 2 + 6 ? IS_BYTES : IS_PAIRS;
  }
  out[0] = found;
#else
  out[0] = IS_PLAIN;
#endif
}
