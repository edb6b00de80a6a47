// Several ops of one row in one launch, for CPUs, whose threads sleep between launches and are slow to wake: products with
// packed weights of type W and what lies between them. Each op is a step; step s has items [s][FIRST] to [s + 1][FIRST].
//
// A work-item serves steps as a thread would: it draws items from one counter, in order, and none before all items of the
// steps before are done. So it waits for others only where they hold items, and they wait for nobody; one that has waited for
// long (its neighbour's thread may have lost its core) leaves the rest to them. So all is done in whatever order the driver
// starts work-items, even if it runs one after the other. One for each core is enough. A row's bits are those of the ops one
// by one: the same functions compute them.
//
// Types: X of products' x, F32 or Q8_0; all other activations and the cache F32. BLOCK_FLOAT: weights are in block floating
// point. FN: the activation of products that have one; KIND: of norms.
// Traffic: each weight once from memory; activations and the steps themselves from cache.
#define CHAIN
#define OUT F32
#define NORM_X F32
#define NORM_OUT F32
#define QKV F32
#define Q F32
#define PAGES F32
#include "common.cl"
#include "norm.cl"
#include "qkvropestore.cl"
#include "round.cl"
#include "panelproduct.cl"
#include "dot.cl"
#ifdef BLOCK_FLOAT
#include "matvecblockfloat.cl"
#define BYTES_OF_PANEL(k) W_PANEL_BYTES(k)
#else
#define BYTES_OF_PANEL(k) PANEL_BYTES(k)
#endif
#if CAT(IS_, X) == IS_Q8_0
#include "matvecrounded.cl"
#undef PANELS
#define PANELS 1
#elif !defined(BLOCK_FLOAT)
#include "matvecpanels.cl"
#endif

// A step's numbers. Tensors are two, the buffer's number (negative for none) and a byte in it; floats are their bits.
#define STEP 40
#define FIRST 0
#define OPERATION 1
#define FIELDS 2 // from here on as the op wants them

// What OPERATION names, as ChainStep.java does.
#define PRODUCT 0
#define GATED_PRODUCT 1
#define ROW_NORM 2
#define ROUND 3
#define ROPE_STORE 4

// Progress: numbers of their own cache line each, zero between launches.
#define LINE 16
#define DRAWN 0
#define DONE LINE
#define ENDED (2 * LINE)

#ifndef PATIENCE
#define PATIENCE 4096 // looks at a counter before a work-item leaves, each some 50 ns
#endif
#ifdef __x86_64__
#define PAUSE __builtin_ia32_pause()
#else
#define PAUSE
#endif

#define RUN 4 // panels, or PANELS at a time, of a gate that are multiplied before those of its other factor

#define BUFFERS(B)                                                                                                     \
  B(0), B(1), B(2), B(3), B(4), B(5), B(6), B(7), B(8), B(9), B(10), B(11), B(12), B(13), B(14), B(15), B(16), B(17),   \
      B(18), B(19), B(20), B(21), B(22), B(23), B(24), B(25), B(26), B(27), B(28), B(29), B(30), B(31)
#define BUFFER_PARAMETER(i) GLOBAL uchar *b##i
#define BUFFER_NAME(i) b##i
#define BUFFER_COUNT 32

typedef GLOBAL uchar *Bytes;
typedef GLOBAL float *Floats;
typedef GLOBAL const int *Ints;

INLINE Bytes tensor(const Bytes *buffers, GLOBAL const long *at) { return at[0] < 0 ? 0 : buffers[at[0]] + at[1]; }

#define TENSOR(i) tensor(buffers, fields + (i))
#define NUMBER_AT(i) ((int)fields[i])
#define FLOAT_AT(i) as_float((int)fields[i])
#define DENSE(p, n) p, 0, 1, n // INPUT and OUTPUT of a tensor without gaps
#define VALUES(p) p, 0         // FLOATS and INTS

// x [k] times PANELS panels of w from panel `first` on.
INLINE void multiply(float *sums, Bytes x, Bytes w, long first, int k) {
  long bytes = BYTES_OF_PANEL(k);
#ifdef BLOCK_FLOAT
  float16 *both = (float16 *)sums;
  dot_panel(both, both + 1, x, w + first * bytes, k);
#elif CAT(IS_, X) == IS_Q8_0
  dot_panel((float8 *)sums, x, w + first * bytes, k);
#else
  dot_panels(sums, x, w + first * bytes, bytes, k);
#endif
}

// Columns of fn(x w^T + bias) + residual, or of fn(x g^T) * (x u^T), from panel `first` on: up to RUN times PANELS panels of
// out, x, w, bias, residual, n, k, whether fn is there.
INLINE void product_run(const Bytes *buffers, GLOBAL const long *fields, int first, int runs, bool gated) {
  Floats out = (Floats)TENSOR(0);
  Floats bias = (Floats)TENSOR(6);
  Floats residual = (Floats)TENSOR(8);
  int n = NUMBER_AT(10);
  float8 sums[2][4 * PANELS * RUN];
  for (int part = 0; part <= gated; part++) {
    for (int i = 0; i < runs; i++) {
      long panel = part * (n / 32) + first + (long)i * PANELS;
      multiply((float *)(sums[part] + 4 * PANELS * i), TENSOR(2), TENSOR(4), panel, NUMBER_AT(11));
    }
  }
  float *done = (float *)sums[0];
  const float *up = (const float *)sums[1];
  int from = first * 32;
  int columns = min(32 * PANELS * runs, n - from);
  if (bias) {
    for (int c = 0; c < columns; c++) {
      done[c] += bias[from + c];
    }
  }
  if (NUMBER_AT(12)) {
    for (int c = 0; c < columns; c++) {
      done[c] = activation(FN, done[c]);
    }
  }
  if (gated) {
    for (int c = 0; c < columns; c++) {
      done[c] *= up[c];
    }
  }
  if (residual) {
    for (int c = 0; c < columns; c++) {
      done[c] += residual[from + c];
    }
  }
  for (int c = 0; c < columns; c++) {
    out[from + c] = done[c];
  }
}

// A product's items are shares of its panels, PANELS at a time: each of the first `shares` a long run, as memory likes to be
// read, the others short ones, so that all end together. Fields of product_run, then long, short, shares.
INLINE void product_item(const Bytes *buffers, GLOBAL const long *fields, int item, bool gated) {
  int shares = NUMBER_AT(15);
  int size = NUMBER_AT(item < shares ? 13 : 14);
  int from = item < shares ? item * size : shares * NUMBER_AT(13) + (item - shares) * size;
  int end = min((NUMBER_AT(10) + 31) / 32 / PANELS, from + size);
  for (int at = from; at < end; at += RUN) {
    product_run(buffers, fields, at * PANELS, min(RUN, end - at), gated);
  }
}

// out, x, weight, bias, n, eps.
INLINE void norm_item(const Bytes *buffers, GLOBAL const long *fields) {
  int n = NUMBER_AT(8);
  norm_row(DENSE(TENSOR(0), n), DENSE(TENSOR(2), n), VALUES((Floats)TENSOR(4)), VALUES((Floats)TENSOR(6)), n, FLOAT_AT(9), 0);
}

// Blocks item * per to item * per + per - 1 of out: out, x, n, per.
INLINE void round_item(const Bytes *buffers, GLOBAL const long *fields, int item) {
  int per = NUMBER_AT(5);
  int end = min(NUMBER_AT(4) / 32, (item + 1) * per);
  for (int i = item * per; i < end; i++) {
    round_block(TENSOR(0) + 34 * i, (Floats)TENSOR(2) + 32 * i);
  }
}

// Heads item * per to item * per + per - 1 of q, then k, then v: q, k_pages, v_pages, qkv, bias, q_norm, k_norm, cos_sin,
// positions, table, offsets, starts, heads, key_heads, size, half_size, per, eps, interleaved, page_size.
INLINE void rope_item(const Bytes *buffers, GLOBAL const long *fields, int item) {
  int heads = NUMBER_AT(24);
  int key_heads = NUMBER_AT(25);
  int size = NUMBER_AT(26);
  int half_size = NUMBER_AT(27);
  int per = NUMBER_AT(28);
  int end = min(heads + 2 * key_heads, (item + 1) * per);
  for (int r = item * per; r < end; r++) {
    qkv_rope_store(DENSE(TENSOR(0), size), DENSE(TENSOR(2), size), DENSE(TENSOR(4), size),
                   DENSE(TENSOR(6), (heads + 2 * key_heads) * size), VALUES((Floats)TENSOR(8)), VALUES((Floats)TENSOR(10)),
                   VALUES((Floats)TENSOR(12)), FLOAT_AT(29), DENSE(TENSOR(14), half_size), VALUES((Ints)TENSOR(16)),
                   NUMBER_AT(30), VALUES((Ints)TENSOR(18)), 0, VALUES((Ints)TENSOR(20)), VALUES((Ints)TENSOR(22)), 1,
                   NUMBER_AT(31), heads, key_heads, size, half_size, r);
  }
}

// Does item `item` of a step.
INLINE void do_item(const Bytes *buffers, GLOBAL const long *step, int item) {
  GLOBAL const long *fields = step + FIELDS;
  switch ((int)step[OPERATION]) {
  case PRODUCT:
  case GATED_PRODUCT:
    product_item(buffers, fields, item, step[OPERATION] == GATED_PRODUCT);
    break;
  case ROW_NORM:
    norm_item(buffers, fields);
    break;
  case ROUND:
    round_item(buffers, fields, item);
    break;
  default:
    rope_item(buffers, fields, item);
  }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void chain(GLOBAL const long *steps, int count,
                                                                   volatile GLOBAL int *progress,
                                                                   BUFFERS(BUFFER_PARAMETER)) {
  const Bytes buffers[BUFFER_COUNT] = {BUFFERS(BUFFER_NAME)};
  int all = (int)steps[count * STEP + FIRST];
  int s = 0;
  int item = 0;
  for (int looks = 0; looks < PATIENCE && item < all; looks++) {
    item = progress[DRAWN];
    while (s < count && item >= (int)steps[(s + 1) * STEP + FIRST]) {
      s++;
    }
    int first = (int)steps[s * STEP + FIRST];
    if (item < all && progress[DONE] >= first && atomic_cmpxchg(progress + DRAWN, item, item + 1) == item) {
      do_item(buffers, steps + s * STEP, item - first);
      mem_fence(CLK_GLOBAL_MEM_FENCE);
      atomic_inc(progress + DONE);
      looks = 0;
    } else {
      PAUSE;
    }
  }
  if (atomic_inc(progress + ENDED) == (int)get_global_size(0) - 1) { // the last: ready for the next launch
    progress[DRAWN] = 0;
    progress[DONE] = 0;
    progress[ENDED] = 0;
  }
}
