// Attention chunk by chunk: the results of chunks of keys, merged in order (Milakov and Gimelshein 2018).
#ifndef CHUNK
#define CHUNK 128 // keys whose softmax is taken at once; results depend on it in their last bits
#endif

// Merges a chunk behind those so far: `most` is the greatest score, `sum` that of exp(s - most). Gives the factors of what
// was summed before and of the chunk's own sums.
INLINE float2 merge(float *most, float *sum, float chunk_most, float chunk_sum) {
  float greater = fmax(*most, chunk_most);
  if (greater == -INFINITY) {
    return (float2)(1.0f, 0.0f);
  }
  float2 factors = (float2)(exp_negative(*most - greater), exp_negative(chunk_most - greater));
  *sum = fma(*sum, factors.x, chunk_sum * factors.y);
  *most = greater;
  return factors;
}

INLINE float merged(float before, float chunk, float2 factors) { return fma(before, factors.x, chunk * factors.y); }
