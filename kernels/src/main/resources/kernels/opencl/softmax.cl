// out = softmax(scale * x + mask) over rows of n elements, or its logarithm (LOG). Row r is query r % queries; with
// causal it sees elements up to its own. The mask's element for (r, i) lies at the sum of its steps; a mask of -inf hides.
// A row is shared by LANES work-items; nothing visible gives zeros (-inf in the logarithm). out may be x.
// Estimate, which no GPU has confirmed; registers from kernels/gpu-registers:
//   x and mask are read once, out is written twice and read twice, from cache while a row stays there: 12 bytes an element from
//   and to memory for about 35 FLOPs, most of them of two exponentials: 0.35 byte a FLOP, bound by memory. 4 LANES bytes of
//   local memory, 13 registers (sm_80: 32): as many groups as a multiprocessor takes.
#include "rows.cl"
#include "math.cl"

ROW_KERNEL(softmax)
(OUTPUT(out), INPUT(x), FLOATS(mask), long mask_0, int n1, long mask_1, int n2, long mask_2, long mask_3, int n,
 int queries, int causal, float scale) {
  LANE_SPACE(space);
  int r = GROUP_ROW;
  GLOBAL float *y = (GLOBAL float *)out + VECTOR(out, r, n);
  GLOBAL const float *from = (GLOBAL const float *)x + VECTOR(x, r, n);
  if (mask) {
    mask += mask_at + r % n2 * mask_2 + r / n2 % n1 * mask_1 + r / n2 / n1 * mask_0;
  }
  int visible = causal ? min(n, r % queries + 1) : n;
  float most = -INFINITY;
  for (int i = LANE; i < visible; i += LANES) {
    float added = mask ? mask[i * mask_3] : 0.0f;
    float s = added == -INFINITY ? added : scale * from[i] + added;
    y[i] = s;
    most = fmax(most, s);
  }
  most = LANE_MAX(most, space);
  float sum = 0;
  {
    ANY_ORDER
    for (int i = LANE; i < visible; i += LANES) {
      sum += exp_negative(y[i] - most);
    }
  }
  sum = LANE_SUM(sum, space);
  bool nothing = most == -INFINITY;
#if LOG
  float less = log(sum);
  for (int i = LANE; i < n; i += LANES) {
    // most and the logarithm apart: their sum would round a small one away.
    y[i] = nothing || i >= visible ? -INFINITY : y[i] - most - less;
  }
#else
  float factor = 1.0f / sum;
  for (int i = LANE; i < n; i += LANES) {
    y[i] = nothing || i >= visible ? 0.0f : exp_negative(y[i] - most) * factor;
  }
#endif
}
