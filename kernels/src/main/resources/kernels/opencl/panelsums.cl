// sums [m, k / 16]: sums of 16 neighbours in the rows of x [m, k], which products with block types of a minimum or an
// offset want. One work-item a row.
#include "common.cl"
#include "blocks.cl"

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void panelsums(INPUT(x), GLOBAL float *sums, int k) {
  long row = get_global_id(0);
  long from = VECTOR(x, row, k);
  for (int c = 0; c < k / 16; c++) {
    sums[row * (k / 16) + c] = sum_of_16(LOAD16(X, x, from + 16 * c));
  }
}
