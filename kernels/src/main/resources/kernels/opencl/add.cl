// out = a + b; see broadcast.cl. Types A, B and OUT, or all of them I32 (then ADD_INTS).
#include "broadcast.cl"

#ifdef ADD_INTS
#define BROADCAST(to, x, y) ((GLOBAL int *)out)[to] = ((GLOBAL const int *)a)[x] + ((GLOBAL const int *)b)[y];
#else
#define BROADCAST(to, x, y) STORE(OUT, out, to, LOAD(A, a, x) + LOAD(B, b, y));
#endif

BROADCAST_KERNEL(add)
