// What products of block floating point share: blockfloat.cl and panelproduct.cl have the formula. A row alone has the bits it
// has in a tile, as sums over a block are exact.
#include "panelproduct.cl"
#include "blockfloat.cl"
#include "dot.cl"

// sum + a block's part of it, of 16 rows of w.
#define ADD_BLOCK(sum, product, scale, d) fma(scale, convert_float16(product) * (float16)(d), sum)

// Scales of rows 16 half to 16 half + 15 of a block of w; pair j of them.
#define W_SCALES(block, half_) as_float16(convert_uint16(vload16(half_, (GLOBAL const ushort *)(block))) << 16)
#define W_PAIR(block, j, half_) vload16(2 * (j) + (half_), (GLOBAL const int *)((block) + 64))
