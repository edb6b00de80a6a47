// Products of quants in integers, which the processor's instructions decide: lanes of 32 bits whose 2 or 4 numbers are
// multiplied by those of another and added up, without error.
#define IS_PLAIN 0 // two numbers of 16 bits, in C
#define IS_PAIRS 1 // the same by AVX2's vpmaddwd
#define IS_BYTES 2 // four bytes, w's without a sign and x's with one, by AVX-512 VNNI's vpdpbusd

#ifndef DOTS
#define DOTS IS_PLAIN // dots.cl finds out what there is
#endif

INLINE int8 dot_plain(int8 sum, uint8 w, int8 x) {
  return sum + as_int8(w & 0xffffu) * (x << 16 >> 16) + as_int8(w >> 16) * (x >> 16);
}

#ifdef __AVX2__
INLINE int8 dot_pairs(int8 sum, uint8 w, int8 x) {
  return sum + as_int8(__builtin_ia32_pmaddwd256(as_short16(w), as_short16(x)));
}

// By its name: compilers older than a processor assemble what they would not use themselves.
INLINE int8 dot_bytes(int8 sum, uint8 w, int8 x) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(w), "v"(x));
  return sum;
}
#endif

#if DOTS == IS_BYTES
#define DOT dot_bytes
#define WORDS 1 // for 4 neighbouring k
#elif DOTS == IS_PAIRS
#define DOT dot_pairs
#define WORDS 2
#else
#define DOT dot_plain
#define WORDS 2
#endif
