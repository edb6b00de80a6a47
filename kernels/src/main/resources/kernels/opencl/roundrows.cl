// Rows of x [m, k] to block floating point, as blockfloat.cl tells. A work-item a row; behind an odd number of them comes the last
// one again.
#include "blockfloat.cl"

#define ITEM_KERNEL(name) __kernel __attribute__((reqd_work_group_size(1, 1, 1))) void name

ITEM_KERNEL(roundrows)(INPUT(x), GLOBAL uchar *out, int m, int k) {
  int i = (int)get_global_id(0);
  int rows = (m + 1) / 2 * 2;
  GLOBAL float *scales = (GLOBAL float *)(out + (long)BLOCKS_OF(k) * rows * (2 * BLOCK_K));
  long row = VECTOR(x, min(i, m - 1), k);
  for (int b = 0; b < BLOCKS_OF(k); b++) {
    long at = (long)b * rows + i;
    short16 quants[2];
    scales[at] = round_x(quants, x, row + b * BLOCK_K, min(BLOCK_K, k - b * BLOCK_K));
    vstore16(quants[0], 2 * at, (GLOBAL short *)out);
    vstore16(quants[1], 2 * at + 1, (GLOBAL short *)out);
  }
}
