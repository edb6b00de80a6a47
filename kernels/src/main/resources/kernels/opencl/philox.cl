// Philox-4x32-10 (Salmon et al. 2011): four words of random bits out of a counter of four words and a key of two.
INLINE uint4 philox(uint4 c, uint2 key) {
  for (int round = 0; round < 10; round++) {
    uint high0 = mul_hi(0xD2511F53u, c.x);
    uint low0 = 0xD2511F53u * c.x;
    uint high1 = mul_hi(0xCD9E8D57u, c.z);
    uint low1 = 0xCD9E8D57u * c.z;
    c = (uint4)(high1 ^ c.y ^ key.x, low1, high0 ^ c.w ^ key.y, low0);
    key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
  }
  return c;
}

// Number n of counter (c0, c1, c2, step), in [0, 1); state is seed low, seed high, step.
INLINE float draw(GLOBAL const int *state, uint c0, uint c1, uint c2, int n) {
  uint4 words = philox((uint4)(c0, c1, c2, (uint)state[2]), (uint2)((uint)state[0], (uint)state[1]));
  uint word = n == 0 ? words.x : n == 1 ? words.y : n == 2 ? words.z : words.w;
  return (float)(word >> 8) * 0x1p-24f;
}
