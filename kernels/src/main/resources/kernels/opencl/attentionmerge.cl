// Merges what attentionflash left of each chunk of keys, in order: parts [T, heads, chunks, 2 + dv], where a chunk has its
// greatest score, the sum of its weights and the weighted sum of its values; chunks in which a row may see nothing are
// absent. out [T, heads, dv]. LANES work-items a row, each a column of every LANES.
//
// Estimate, which no GPU has confirmed: (2 + dv) F32 read a row and chunk, 3 FLOPs each: bound by memory or, with few rows,
// by latency; below 1 % of what attentionflash reads. No local memory, 19 registers (sm_80: 30).
#include "common.cl"
#include "math.cl"
#include "sequences.cl"
#include "attentionchunks.cl"

ROW_KERNEL(attentionmerge)
(OUTPUT(out), int dv, GLOBAL const float *parts, INTS(lengths), INTS(offsets), INTS(starts), int sequences, int heads,
 int max_keys, int causal, int window, int relu, int chunks) {
  int t = GROUP_ROW / heads;
  int b = sequence_of(offsets + offsets_at, sequences, t);
  if (b < 0) {
    return;
  }
  int start = starts[starts_at + b];
  int position = start + t - offsets[offsets_at + b];
  int length = start < 0 ? 0 : min(lengths[lengths_at + b], max_keys);
  int end = causal ? min(length, position + 1) : length;
  int first = window > 0 ? max(0, position - window + 1) : 0;
  long to = VECTOR(out, GROUP_ROW, dv);
  for (int c = LANE; c < dv; c += LANES) {
    float most = relu ? 0.0f : -INFINITY;
    float sum = 0;
    float total = 0;
    for (int chunk = first / CHUNK; chunk * CHUNK < end; chunk++) {
      GLOBAL const float *part = parts + ((long)GROUP_ROW * chunks + chunk) * (2 + dv);
      float2 factors = merge(&most, &sum, part[0], part[1]);
      total = merged(total, part[2 + c], factors);
    }
    STORE(OUT, out, to + c, total * (relu ? 1.0f : sum > 0 ? 1.0f / sum : 0.0f));
  }
}
