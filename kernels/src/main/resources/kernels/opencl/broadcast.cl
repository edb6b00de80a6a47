// out = a OPERATOR b, broadcast like NumPy: element (i0, i1, i2, i3) of each lies at the sum of i_d times its step in
// dimension d, which is 0 where it is broadcast. One work-item an element: x counts i3, y i1 * n2 + i2, z i0.
// Estimate: F32 12 bytes an element for 1 FLOP, less where an operand is broadcast and comes from cache: bound by memory. 12
// registers (sm_80: 21), the most of them steps of 64 bits.
#include "common.cl"

#define OPERAND(x) GLOBAL uchar *x, long x##_at, long x##_0, long x##_1, long x##_2, long x##_3
#ifdef FLAT // all dense and of one shape: one row, whose items compilers take together
#define AT(x) (x##_at + i3)
#else
#define AT(x) (x##_at + i0 * x##_0 + i1 * x##_1 + i2 * x##_2 + i3 * x##_3)
#endif

#define BROADCAST_KERNEL(name)                                                                                         \
  ELEMENT_KERNEL(name)(OPERAND(out), OPERAND(a), OPERAND(b), int n2, long n3) {                                        \
    long i3 = COLUMN;                                                                                                  \
    long i2 = ROW_ID % n2;                                                                                             \
    long i1 = ROW_ID / n2;                                                                                             \
    long i0 = get_global_id(2);                                                                                        \
    if (i3 < n3) {                                                                                                     \
      BROADCAST(AT(out), AT(a), AT(b))                                                                                 \
    }                                                                                                                  \
  }
