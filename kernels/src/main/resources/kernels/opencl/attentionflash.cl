// Ragged multi-head attention (Vaswani et al. 2017, equation 1), for GPUs: tiles of queries share keys and values in local
// memory; no score matrix (FlashAttention, Dao et al. 2022).
//
//   out [T, heads, dv], q [T, heads, dk]; keys and values [S, key_heads, ..], ragged, or pages. Types X (q), KV (keys and
//   values), OUT; F32 throughout, but that on devices that compute in F16 q and keys of F16 are multiplied in pairs of halves
//   (halves.cl), exactly, and where out is F16 too, so are values and weights rounded to halves, as FlashAttention has them.
//   VALUE_TILES: dv in tiles of 64 columns.
//
// A row is a query of one head; a work-group has up to ROWS rows that share keys: the heads of a group, query by query.
// Keys are taken in chunks of CHUNK from position 0, whatever a row sees: scores S [ROWS][CHUNK] = Q K^T, the softmax of
// the chunk alone, then P V, merged with the chunks before it (Milakov and Gimelshein 2018). All sums run in the same order
// whatever ROWS is and whoever takes the chunk, so a row's bits depend neither on those beside it nor on `mode`:
//   WHOLE  a work-group takes all chunks of its rows
//   PARTS  each chunk has a work-group of its own, whose results attentionmerge merges in order: decoding
//   MAP    like WHOLE, and the weights [T, heads, max_keys] are written
//
// A work-item has TILE_ROWS x TILE_KEYS scores, and TILE_ROWS x 64 / TILE_LANES columns of each 64 of the result. With 8 rows
// or fewer it has a key and a column of each 64, of all rows, and reads values from global memory directly: each is wanted
// once. Range: row tiles, sequences x key heads, chunks (PARTS) or 1.
//
// Estimates, which no GPU has confirmed, for heads of 128 and the numbers below:
//   32 rows: 128 items, 32 KB of local memory (two groups in 64 KB); 16 scores, 16 sums of a chunk and 32 merged an item.
//     Compiled (kernels/gpu-registers, keys in F16): 246 registers on RDNA 2, which has 4 waves a SIMD by local memory already,
//     and 210 on sm_80, 2 groups a multiprocessor. Nothing is spilled up to heads of 128; at 256 72 bytes on RDNA 2. From
//     global memory 32 rows share 2 x 128 keys and values: 1/16 byte a FLOP in F32, half of it in 16 bits. From local memory 8
//     reads of four floats for 64 FMAs in both products: bound by arithmetic where local memory gives 2 bytes a FLOP, as on AMD
//     and NVIDIA.
//     In pairs of halves the same registers, half the reads of local memory and an instruction for two FMAs.
//   1 row: 64 items, 11 KB, 66 registers on RDNA 2, 144 in pairs (7 waves a SIMD; local memory allows 5), 84 on sm_80; every key and value is read once, 1 byte a FLOP in F32 divided
//     by the heads of a group: bound by memory. Parts add (dv + 2) / (CHUNK (dk + dv)) of the traffic for each row, below 1 %.
#ifdef SUBGROUP // before subgroups.cl gives it a value: the family's own reductions
#define HAS_SUBGROUPS 1
#else
#define HAS_SUBGROUPS 0
#endif
#include "common.cl"
#include "subgroups.cl"
#include "math.cl"
#include "halves.cl"
#include "philox.cl"
#include "sequences.cl"
#include "attentioncommon.cl"
#include "attentionchunks.cl"
#include "weighttypes.cl"

#ifndef TILE_LANES
#define TILE_LANES 16 // items side by side along the keys, and along the columns of the result
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 4 // rows of an item
#endif
#ifndef TILE_KEYS
#define TILE_KEYS 4 // keys of an item
#endif
#ifndef FEW_LANES
#define FEW_LANES 64 // items of a group that has 8 rows or fewer
#endif

#define WHOLE 0
#define PARTS 1
#define MAP 2

#define ROWS (1 << ROWS_LOG)
#define FEW (ROWS_LOG <= 3)
#if FEW
#define ACROSS FEW_LANES
#define MINE_ROWS ROWS
#define MINE_KEYS 1
#define COLUMNS ACROSS
#else
#define ACROSS TILE_LANES
#define MINE_ROWS TILE_ROWS
#define MINE_KEYS TILE_KEYS
#define COLUMNS 64 // of values in local memory at a time
#endif
#define ITEMS (ROWS / MINE_ROWS * ACROSS)
#define KEYS (ACROSS * MINE_KEYS) // of a tile of scores; CHUNK is a multiple
#define SLICE 32                  // words of keys in local memory at a time
#define SLICE_STRIDE (SLICE + 4)  // neighbouring keys begin in other banks
#define SLABS ((64 * VALUE_TILES + COLUMNS - 1) / COLUMNS)
#define MINE_COLUMNS (COLUMNS / ACROSS)
#define VALUES 32 // keys whose values are in local memory at a time; KEYS is a multiple
#define SCORE_STRIDE (CHUNK + 4)
#if FEW || KEYS * SLICE_STRIDE > VALUES * COLUMNS
#define STAGE (KEYS * SLICE_STRIDE)
#else
#define STAGE (VALUES * COLUMNS)
#endif

// Words of queries and keys, WORD_K elements each; of weights and values, those of WORD_KEYS keys.
#define SCORE_PAIRS (HAS_FP16 && CAT(IS_, X) == IS_F16 && CAT(IS_, KV) == IS_F16)
#define VALUE_PAIRS (SCORE_PAIRS && CAT(IS_, OUT) == IS_F16)
#if SCORE_PAIRS
#define WORD_K 2
#define WORD_AT(T, p, at, c, n) pair_at(p, at, c, n)
#define ADD_WORD(a, b, sum) dot2(as_uint(a), as_uint(b), sum)
#else
#define WORD_K 1
#define WORD_AT(T, p, at, c, n) ((c) < (n) ? LOAD(T, p, (at) + (c)) : 0.0f)
#define ADD_WORD(a, b, sum) fma(a, b, sum)
#endif
#if VALUE_PAIRS
#define WORD_KEYS 2
#define ADD_VALUE(a, b, sum) dot2(as_uint(a), as_uint(b), sum)
#else
#define WORD_KEYS 1
#define ADD_VALUE(a, b, sum) fma(a, b, sum)
#endif

#define MEET barrier(CLK_LOCAL_MEM_FENCE)
#define ITEM ((int)get_local_id(0))
#define ALL(i, count) UNROLLED for (int i = 0; i < (count); i++)
// Numbers below count, shared by the items, which all go round as often: PoCL 3.1 miscompiles some loops that begin at ITEM.
#define SHARED(n, count)                                                                                               \
  for (int n = ITEM, n##_0 = 0; n##_0 < (count); n += ITEMS, n##_0 += ITEMS)                                           \
    if (n < (count))

// SHARERS items have the softmax of a row; with PASSES rows an item, all rows have theirs. OVER_SHARERS makes a reduction
// of a number for each pass, in the same tree for all rows.
#if HAS_SUBGROUPS && ITEMS % SUBGROUP_SIZE == 0
#define SHARERS SUBGROUP_SIZE
#define PLACE (SUBGROUP_ID * SUBGROUP_SIZE + SUBGROUP_LANE)
#define OVER_SHARERS(NAME, OF_TWO, OF_SUBGROUP)                                                                        \
  INLINE_LOCAL void NAME(float *mine, LOCAL float *space) {                                                            \
    ALL(pass, PASSES) { mine[pass] = OF_SUBGROUP(mine[pass], space); }                                                 \
  }
#else
#define SHARERS 16
#define PLACE ITEM
#define ADDED(a, b) ((a) + (b))
#define OVER_SHARERS(NAME, OF_TWO, OF_SUBGROUP)                                                                        \
  INLINE_LOCAL void NAME(float *mine, LOCAL float *space) {                                                            \
    ALL(pass, PASSES) { space[pass * ITEMS + ITEM] = mine[pass]; }                                                     \
    MEET;                                                                                                              \
    ALL(pass, PASSES) {                                                                                                \
      float16 all = vload16((pass * ITEMS + ITEM) / 16, space);                                                        \
      float8 a = OF_TWO(all.lo, UPPER_8(float8, all));                                                              \
      float4 b = OF_TWO(a.lo, a.hi);                                                                                   \
      float2 c = OF_TWO(b.lo, b.hi);                                                                                   \
      mine[pass] = OF_TWO(c.x, c.y);                                                                                   \
    }                                                                                                                  \
    MEET;                                                                                                              \
  }
#endif
#define PASSES ((ROWS * SHARERS + ITEMS - 1) / ITEMS)
#define ROW_OF(pass) (((pass)*ITEMS + PLACE) / SHARERS)
OVER_SHARERS(greatest_of_rows, fmax, SUBGROUP_MAX)
OVER_SHARERS(sums_of_rows, ADDED, SUBGROUP_SUM)

// What dropout makes of the weight of key j for query i of a head, b * heads + h.
INLINE float dropped(float weight, GLOBAL const int *state, float dropout, int j, int i, int head) {
  if (dropout <= 0 || weight == 0) {
    return weight;
  }
  return draw(state, (uint)j / 4, i, head, j & 3) >= dropout ? weight / (1.0f - dropout) : 0.0f;
}

// s += q k of an item's rows and keys, for the words of the slices in local memory, which hold zeros past dk.
INLINE_LOCAL void multiply(float s[MINE_ROWS][MINE_KEYS], LOCAL const float *rows, LOCAL const float *keys) {
  for (int c = 0; c < SLICE; c += 4) {
    float4 key[MINE_KEYS];
    ALL(j, MINE_KEYS) { key[j] = vload4(0, keys + j * ACROSS * SLICE_STRIDE + c); }
    ALL(i, MINE_ROWS) {
      float4 x = vload4(0, rows + i * SLICE_STRIDE + c);
      ALL(j, MINE_KEYS) {
        s[i][j] = ADD_WORD(x.x, key[j].x, s[i][j]);
        s[i][j] = ADD_WORD(x.y, key[j].y, s[i][j]);
        s[i][j] = ADD_WORD(x.z, key[j].z, s[i][j]);
        s[i][j] = ADD_WORD(x.w, key[j].w, s[i][j]);
      }
    }
  }
}

// y += weights times values of an item's rows and columns, for the values in local memory.
INLINE_LOCAL void accumulate(float y[MINE_ROWS][MINE_COLUMNS], LOCAL const float *weights, LOCAL const float *values) {
  for (int j = 0; j < VALUES; j += WORD_KEYS) {
    ALL(i, MINE_ROWS) {
      float weight = weights[i * SCORE_STRIDE + j];
      ALL(c, MINE_COLUMNS) { y[i][c] = ADD_VALUE(weight, values[j / WORD_KEYS * COLUMNS + c], y[i][c]); }
    }
  }
}

// Element `column` of the values of key j of a chunk, and of those that share its word; zeros from `here` on.
INLINE_LOCAL float value_word(GLOBAL const uchar *v, LOCAL const long *at, int column, int j, int here) {
#if VALUE_PAIRS
  uint lo = j < here ? HALF_BITS(v, at[j] + column) : 0;
  uint hi = j + 1 < here ? HALF_BITS(v, at[j + 1] + column) : 0;
  return as_float(PAIR(lo, hi));
#else
  return j < here ? LOAD(KV, v, at[j] + column) : 0.0f;
#endif
}

// The tokens and heads of rows of the group; those past the last are the last again.
#define LAST(r) (from + min((int)(r), count - 1))
#define TOKEN_OF(r) (begin + LAST(r) / group)
#define HEAD_OF(r) (key_head * group + LAST(r) % group)
// Keys that a query at position p sees.
#define LEAST(p) (window > 0 ? (p)-window + 1 : 0)
#define LIMIT(p) (causal ? min(length, (p) + 1) : length)

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void attentionflash(PARAMETERS, GLOBAL float *parts,
                                                                                int chunks, int mode) {
  LOCAL float stage[STAGE]; // a slice of keys, or values; partial reductions
  LOCAL float slice[ROWS * SLICE_STRIDE];
  LOCAL float scores[ROWS * SCORE_STRIDE];
  LOCAL long query_at[ROWS]; // first elements of the rows' queries
  LOCAL long at[CHUNK];      // and of the chunk's keys, then of its values
  LOCAL float most[ROWS], sum[ROWS], before[ROWS], now[ROWS];

  int key_heads = heads / group;
  int key_head = (int)get_group_id(1) % key_heads;
  int b = (int)get_group_id(1) / key_heads;
  int begin = offsets[offsets_at + b];
  int from = (int)get_group_id(0) * ROWS;
  int count = max(0, min(ROWS, (offsets[offsets_at + b + 1] - begin) * group - from));
  int start = starts[starts_at + b];
  int length = start < 0 ? 0 : min(lengths[lengths_at + b], max_keys);
  int first = max(0, LEAST(start + from / group));
  // A group without rows, or whose part attentionmerge does not look at, goes through the barriers below without keys: a return
  // would make PoCL compile all that follows twice.
  int end = count > 0 ? LIMIT(start + (from + count - 1) / group) : 0;
  int chunk = first / CHUNK;
  if (mode == PARTS) {
    int part = (int)get_group_id(2);
    count = part < chunk || part * CHUNK >= end ? 0 : count;
    end = count > 0 ? min(end, (part + 1) * CHUNK) : 0;
    chunk = part;
  }

  int across = ITEM % ACROSS;
  int row = ITEM / ACROSS * MINE_ROWS;
  SHARED(r, ROWS) {
    query_at[r] = VECTOR(q, (long)TOKEN_OF(r) * heads + HEAD_OF(r), dk);
    most[r] = relu ? 0.0f : -INFINITY;
    sum[r] = 0;
  }
  float total[SLABS][MINE_ROWS][MINE_COLUMNS];
  ALL(slab, SLABS) ALL(i, MINE_ROWS) ALL(c, MINE_COLUMNS) { total[slab][i][c] = 0; }

  for (; chunk * CHUNK < end; chunk++) {
    int base = chunk * CHUNK;
    int here = min(CHUNK, end - base);
    MEET;
    SHARED(j, here) { at[j] = VECTOR(k, (long)KEY_ROW(b, base + j) * key_heads + key_head, dk); }

    // Scores.
    for (int tile = 0; tile < here; tile += KEYS) {
      float s[MINE_ROWS][MINE_KEYS];
      ALL(i, MINE_ROWS) ALL(j, MINE_KEYS) { s[i][j] = 0; }
      for (int c0 = 0; c0 < dk; c0 += SLICE * WORD_K) {
        MEET;
        SHARED(n, ROWS * SLICE) {
          int c = c0 + n % SLICE * WORD_K;
          slice[n / SLICE * SLICE_STRIDE + n % SLICE] = WORD_AT(X, q, query_at[n / SLICE], c, dk);
        }
        SHARED(n, KEYS * SLICE) {
          int c = c0 + n % SLICE * WORD_K;
          int j = tile + n / SLICE;
          stage[n / SLICE * SLICE_STRIDE + n % SLICE] = j < here ? WORD_AT(KV, k, at[j], c, dk) : 0.0f;
        }
        MEET;
        multiply(s, slice + row * SLICE_STRIDE, stage + across * SLICE_STRIDE);
      }
      ALL(i, MINE_ROWS) {
        int query = LAST(row + i) / group;
        int p = start + query;
        ALL(t, MINE_KEYS) {
          int j = tile + across + t * ACROSS;
          int key = base + j;
          bool seen = key >= LEAST(p) && key < min(LIMIT(p), end);
          scores[(row + i) * SCORE_STRIDE + j] =
              seen ? capped(scale * s[i][t] + BIAS_OF(b, HEAD_OF(row + i), query, p, key), cap) : -INFINITY;
        }
      }
    }
    MEET;

    // The softmax of the chunk.
    int sharer = PLACE % SHARERS;
    int written = (here + KEYS - 1) / KEYS * KEYS; // scores of a row: whole tiles
    float mine[PASSES];
    float greatest[PASSES];
    ALL(pass, PASSES) {
      mine[pass] = -INFINITY;
      int r = ROW_OF(pass);
      for (int j = sharer; r < ROWS && j < written; j += SHARERS) {
        mine[pass] = fmax(mine[pass], scores[r * SCORE_STRIDE + j]);
        if (mode == MAP && r < count && j < here) {
          long to = VECTOR(weights, (long)TOKEN_OF(r) * heads + HEAD_OF(r), max_keys);
          ((GLOBAL float *)weights)[to + base + j] = scores[r * SCORE_STRIDE + j];
        }
      }
    }
    greatest_of_rows(mine, stage);
    ALL(pass, PASSES) {
      int r = ROW_OF(pass);
      greatest[pass] = relu ? 0.0f : mine[pass];
      mine[pass] = 0;
      for (int j = WORD_KEYS * sharer; r < ROWS && j < written; j += WORD_KEYS * SHARERS) {
        float weight[WORD_KEYS];
        for (int t = 0; t < WORD_KEYS; t++) {
          float s = scores[r * SCORE_STRIDE + j + t];
          float none = s == -INFINITY ? 0.0f : exp_negative(s - greatest[pass]);
          weight[t] = relu ? fmax(s, 0.0f) : none;
          mine[pass] += weight[t];
          weight[t] = dropped(weight[t], state + state_at, dropout, base + j + t, LAST(r) / group, b * heads + HEAD_OF(r));
        }
#if VALUE_PAIRS
        scores[r * SCORE_STRIDE + j] = rounded_pair(weight[0], weight[1]);
#else
        scores[r * SCORE_STRIDE + j] = weight[0];
#endif
      }
    }
    sums_of_rows(mine, stage);
    ALL(pass, PASSES) {
      int r = ROW_OF(pass);
      if (sharer == 0 && r < ROWS) {
        float most_so_far = most[r];
        float sum_so_far = sum[r];
        float2 factors = merge(&most_so_far, &sum_so_far, greatest[pass], mine[pass]);
        most[r] = most_so_far;
        sum[r] = sum_so_far;
        before[r] = factors.x;
        now[r] = factors.y;
      }
    }

    // The weighted sums of values.
    SHARED(j, here) { at[j] = VECTOR(v, (long)KEY_ROW(b, base + j) * key_heads + key_head, dv); }
    MEET;
    ALL(slab, SLABS) {
      float y[MINE_ROWS][MINE_COLUMNS];
      ALL(i, MINE_ROWS) ALL(c, MINE_COLUMNS) { y[i][c] = 0; }
#if FEW
      int column = slab * COLUMNS + across;
      for (int j = 0; column < dv && j < here; j += WORD_KEYS) {
        float value = value_word(v, at, column, j, here);
        ALL(i, MINE_ROWS) { y[i][0] = ADD_VALUE(scores[i * SCORE_STRIDE + j], value, y[i][0]); }
      }
#else
      for (int tile = 0; tile < here; tile += VALUES) {
        SHARED(n, VALUES / WORD_KEYS * COLUMNS) {
          int c = slab * COLUMNS + n % COLUMNS;
          stage[n] = c < dv ? value_word(v, at, c, tile + n / COLUMNS * WORD_KEYS, here) : 0.0f;
        }
        MEET;
        accumulate(y, scores + row * SCORE_STRIDE + tile, stage + across * MINE_COLUMNS);
        MEET;
      }
#endif
      ALL(i, MINE_ROWS) ALL(c, MINE_COLUMNS) {
        total[slab][i][c] = merged(total[slab][i][c], y[i][c], (float2)(before[row + i], now[row + i]));
      }
    }
  }

  MEET;
  int part = (int)get_group_id(2);
  if (mode == PARTS) {
    SHARED(r, count) {
      GLOBAL float *to = parts + (((long)TOKEN_OF(r) * heads + HEAD_OF(r)) * chunks + part) * (2 + dv);
      to[0] = most[r];
      to[1] = sum[r];
    }
  }
  ALL(i, MINE_ROWS) {
    int r = row + i;
    long result = (long)TOKEN_OF(r) * heads + HEAD_OF(r);
    float factor = relu ? 1.0f : sum[r] > 0 ? 1.0f / sum[r] : 0.0f;
    ALL(slab, SLABS) ALL(c, MINE_COLUMNS) {
      int column = slab * COLUMNS + across * MINE_COLUMNS + c;
      if (r < count && column < dv) {
        if (mode == PARTS) {
          parts[(result * chunks + part) * (2 + dv) + 2 + column] = total[slab][i][c];
        } else {
          STORE(OUT, out, VECTOR(out, result, dv) + column, total[slab][i][c] * factor);
        }
      }
    }
  }
  barrier(CLK_GLOBAL_MEM_FENCE);
  for (int r = 0; mode == MAP && r < count; r++) {
    int p = start + LAST(r) / group;
    int least = max(0, LEAST(p));
    int limit = sum[r] > 0 ? max(0, LIMIT(p)) : 0;
    GLOBAL float *w = (GLOBAL float *)weights + VECTOR(weights, (long)TOKEN_OF(r) * heads + HEAD_OF(r), max_keys);
    SHARED(j, max_keys) {
      bool seen = j >= least && j < limit;
      w[j] = !seen ? 0.0f : relu ? fmax(w[j], 0.0f) : exp_negative(w[j] - most[r]) / sum[r];
    }
  }
}
