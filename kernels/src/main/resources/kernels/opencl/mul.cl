// out = a * b; see broadcast.cl. Types A, B and OUT.
#include "broadcast.cl"

#define BROADCAST(to, x, y) STORE(OUT, out, to, LOAD(A, a, x) * LOAD(B, b, y));

BROADCAST_KERNEL(mul)
