// What the GPU families' matrix products share: chunks of a weight wherever it lies, elements of x, and the epilogue.
//
//   out [batches, m, n] = fn(x [batches, m, k] times w + bias) + residual, or with GATED = 1 fn(x g) * (x u), w = [g; u].
//
// SOURCE says how w lies: STRIPS, packed (strips.cl), rows a column of out each; ROWS, [n, k] as files have it; COLUMNS,
// [k, n], of a plain type. A sum runs over SEGMENT k in order, from zero, then over such sums in order: the same in all
// kernels, whatever m and the tiles are. Where x and w are F16 and the device computes in it, operands stay halves and are
// multiplied in pairs (halves.cl); else they are F32 from where they are loaded on. fn and whether there are a bias and a residual are arguments, the same for all
// items: fewer programs to build.
#include "common.cl"
#include "blocks.cl"
#include "halves.cl"
#include "math.cl"
#include "weighttypes.cl"

#define STRIPS 0
#define ROWS 1
#define COLUMNS 2

#ifndef SOURCE
#define SOURCE STRIPS
#endif
#ifndef GATED
#define GATED 0
#endif
#define SEGMENT 256 // k whose products are one sum; no tunable: it decides bits

#define PARAMETERS                                                                                                     \
  OUTPUT(out), INPUT(x), INPUT(w), FLOATS(bias), INPUT(residual), int fn, int m, int n, int k, int w_batched
#define X_ARGUMENTS x, x_at, x_inner, x_stride
#define W_ARGUMENTS w, w_at, w_inner, w_stride
#define EPILOGUE_ARGUMENTS                                                                                             \
  out, out_at, out_inner, out_stride, bias, bias_at, residual, residual_at, residual_inner, residual_stride, fn, n

// ---- operands: a Word holds WORD_K k, a Four four of them, Columns a word of four columns ----

#if HAS_FP16 && CAT(IS_, X) == IS_F16 && TYPE == IS_F16
#define PAIRS 1
#define WORD_K 2
typedef uint Word;
typedef uint2 Four;
typedef uint4 Columns;
INLINE float add_word(Word a, Word b, float sum) { return dot2(a, b, sum); }
INLINE float4 add_words(Word a, Columns b, float4 sums) { return dot2_4(a, b, sums); }
INLINE float add_four(Four a, Four b, float sum) { return dot2(a.y, b.y, dot2(a.x, b.x, sum)); }
#define AS_WORD(v) as_uint(v)
#define FOUR(v) (Four)(PAIR(v[0], v[1]), PAIR(v[2], v[3]))
#define ELEMENT(T, p, i) HALF_BITS(p, i)
typedef ushort Element;
#else
#define PAIRS 0
#define WORD_K 1
typedef float Word;
typedef float4 Four;
typedef float4 Columns;
INLINE float add_word(Word a, Word b, float sum) { return fma(a, b, sum); }
INLINE float4 add_words(Word a, Columns b, float4 sums) { return fma((float4)(a), b, sums); }
INLINE float add_four(Four a, Four b, float sum) {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}
#define AS_WORD(v) (v)
#define FOUR(v) (Four)(v[0], v[1], v[2], v[3])
#define ELEMENT(T, p, i) LOAD(T, p, i)
typedef float Element;
#endif

// ---- weights: CHUNK_K k of a column at once, as they lie, and then four by four ----

#if SOURCE == STRIPS
#include "strips.cl"
#define CHUNK_K PIECE_K
typedef Piece Chunk;
#else
#ifdef W_PLAIN
#define CHUNK_K 4
#else
#define CHUNK_K 16
#endif
typedef struct {
  Four values[CHUNK_K / 4];
} Chunk;
#endif

// Chunk from k = c on of column `column`; c is less than k, and a multiple of CHUNK_K. first: of [n, k] or [k, n], the
// batch's first row.
INLINE Chunk load_chunk(INPUT(w), long first, int column, int c, int n, int k) {
#if SOURCE == STRIPS
  return load_piece(w + column / 32 * STRIP_BYTES(k), c / 32, c % 32 / PIECE_K, column % 32);
#else
  Chunk chunk;
#if SOURCE == ROWS && !defined(W_PLAIN)
  float16 v = LOAD16(W, w, VECTOR(w, first + column, k) + c);
  chunk.values[0] = v.lo.lo;
  chunk.values[1] = v.lo.hi;
  chunk.values[2] = UPPER_8(float8, v).lo;
  chunk.values[3] = UPPER_8(float8, v).hi;
#else
  Element v[4];
  for (int j = 0; j < 4; j++) {
#if SOURCE == ROWS
    v[j] = c + j < k ? ELEMENT(W, w, VECTOR(w, first + column, k) + c + j) : (Element)0;
#else
    v[j] = c + j < k ? ELEMENT(W, w, VECTOR(w, first + c + j, n) + column) : (Element)0;
#endif
  }
  chunk.values[0] = FOUR(v);
#endif
  return chunk;
#endif
}

// Weights 4 u to 4 u + 3 of a chunk; those past k are zeros.
INLINE Four chunk_weights(Chunk chunk, int u) {
#if SOURCE == STRIPS && PAIRS
  return u == 0 ? chunk.quants.lo : chunk.quants.hi;
#elif SOURCE == STRIPS
  return piece_weights(chunk, u);
#else
  return chunk.values[u];
#endif
}

// ---- x ----

// Elements c to c + 3 of the vector of x at `at`, zeros past k.
INLINE Four load_x4(GLOBAL const uchar *x, long at, int c, int k) {
  if (c + 4 <= k) {
#if PAIRS
    return as_uint2(vload4(0, (GLOBAL const ushort *)x + at + c)); // pairs may begin at any half
#else
    return LOAD4(X, x, at + c);
#endif
  }
  Element v[4];
  for (int j = 0; j < 4; j++) {
    v[j] = c + j < k ? ELEMENT(X, x, at + c + j) : (Element)0;
  }
  return FOUR(v);
}

// ---- epilogue ----

// Stores out[row, column] from its sum, and with GATED from that of u.
INLINE void finish(OUTPUT(out), FLOATS(bias), INPUT(residual), int fn, int n, long row, int column, float sum,
                   float up) {
  float value = activation(fn, bias ? sum + bias[bias_at + column] : sum);
#if GATED
  value *= up;
#endif
  if (residual) {
    value += LOAD(RESIDUAL, residual, VECTOR(residual, row, n) + column);
  }
  STORE(OUT, out, VECTOR(out, row, n) + column, value);
}
