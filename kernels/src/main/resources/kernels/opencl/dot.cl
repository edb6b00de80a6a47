// Products of quants in integers, which the processor's instructions decide: lanes of 32 bits whose 2 or 4 numbers are
// multiplied by those of another and added up, without error. DOT is for quants of 8 bits, DOT_PAIRS for those of 16.
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

// Lanes of two numbers of 16 bits, both with a sign.
INLINE int16 pairs_plain(int16 sum, int16 w, int16 x) {
  return sum + (w << 16 >> 16) * (x << 16 >> 16) + (w >> 16) * (x >> 16);
}

#ifdef __AVX512BW__
typedef short short32 __attribute__((ext_vector_type(32)));

INLINE int16 pairs_multiplied(int16 sum, int16 w, int16 x) {
  return sum + as_int16(__builtin_ia32_pmaddwd512(__builtin_astype(w, short32), __builtin_astype(x, short32)));
}

INLINE int16 pairs_added(int16 sum, int16 w, int16 x) {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(w), "v"(x));
  return sum;
}
#elif defined(__AVX2__)
INLINE int16 pairs_multiplied(int16 sum, int16 w, int16 x) {
  return (int16)(dot_pairs(sum.lo, as_uint8(w.lo), x.lo), dot_pairs(sum.hi, as_uint8(w.hi), x.hi));
}

INLINE int8 pairs_of_8_added(int8 sum, int8 w, int8 x) {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(w), "v"(x));
  return sum;
}

INLINE int16 pairs_added(int16 sum, int16 w, int16 x) {
  return (int16)(pairs_of_8_added(sum.lo, w.lo, x.lo), pairs_of_8_added(sum.hi, w.hi, x.hi));
}
#endif

#if DOTS == IS_BYTES
#define DOT dot_bytes
#define DOT_PAIRS pairs_added
#define WORDS 1 // for 4 neighbouring k
#elif DOTS == IS_PAIRS
#define DOT dot_pairs
#define DOT_PAIRS pairs_multiplied
#define WORDS 2
#else
#define DOT dot_plain
#define DOT_PAIRS pairs_plain
#define WORDS 2
#endif
