// out = out_scale * fn(in_scale * in), rows of n elements; FN is a number of math.cl. One work-item an element.
// Estimate: F32 8 bytes an element for 15 (SiLU) to 25 (GELU) FLOPs: bound by memory. 11 and 14 registers (sm_80: 20 and 19).
#include "common.cl"
#include "math.cl"

ELEMENT_KERNEL(activate)(OUTPUT(out), INPUT(in), long n, float in_scale, float out_scale) {
  long i = COLUMN;
  if (i < n) {
    float x = LOAD(X, in, VECTOR(in, ROW_ID, n) + i);
    STORE(OUT, out, VECTOR(out, ROW_ID, n) + i, out_scale * activation(FN, in_scale * x));
  }
}
