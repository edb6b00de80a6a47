// CUDA C++ for the host: what the kernels need of the language, so that g++ compiles them and small shapes run without a
// GPU. Each CUDA thread is a fiber; a block's fibers take turns at barriers and shuffles, so the order of threads is
// fixed, and turned around at every other launch: what depends on it gives two results.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <immintrin.h>

using std::isfinite;
using std::max;
using std::min;

struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

struct Dim {
  unsigned x, y, z;
};

namespace emulator {
typedef void (*Entry)(const void *arguments);

struct Kernel {
  const char *name;
  int threads; // launch bound
  size_t bytes; // of its arguments
  Entry entry;
  Kernel *next;
  Kernel(const char *name, int threads, size_t bytes, Entry entry);
};

extern Dim thread_index, block_index, block_size, grid_size;
extern unsigned char *dynamic_shared;

void block_barrier();
void warp_barrier();
// Two 8-byte words of every lane; what each gave at this exchange.
const uint64_t *exchange(uint64_t word);
void copy_later(void *to, const void *from, int bytes, int valid);
void commit_copies();
void wait_copies(int groups);
// This thread waits for the launch before: launches that may begin earlier want it of every thread.
void await_previous();

// The copy engine and warp groups of Hopper: hopper.cpp.
uint32_t shared_offset(const void *at);
void barrier_init(void *barrier, unsigned arrivals);
void barrier_arrive(void *barrier, unsigned bytes);
void barrier_wait(void *barrier, unsigned parity);
void load_box(void *to, const void *map, const int *at, void *barrier);
void wgmma(float (*from_half)(unsigned short), float *d, uint64_t a, uint64_t b, bool add);
void wgmma_commit();
void wgmma_wait(int groups);
// Gives 8 words of this lane and gets those of all: [lane][8].
const uint32_t (*exchange_fragments(const uint32_t *words))[8];
} // namespace emulator

#define threadIdx emulator::thread_index
#define blockIdx emulator::block_index
#define blockDim emulator::block_size
#define gridDim emulator::grid_size

inline void await_previous() { emulator::await_previous(); }

#define ENTRY(threads, bounds, name, Arguments)                                                                        \
  static void heed_##name(const Arguments &a);                                                                         \
  static emulator::Kernel kernel_##name("heed_" #name, threads, sizeof(Arguments),                                     \
                                        [](const void *p) { heed_##name(*(const Arguments *)p); });                    \
  static void heed_##name(const Arguments &a)
#define SHARED static
#define DYNAMIC_SHARED(type, name) type *name = (type *)emulator::dynamic_shared
#define DEVICE [[maybe_unused]] static inline
#define DEVICE_MEMBER inline

inline void __syncthreads() { emulator::block_barrier(); }
inline void __syncwarp() { emulator::warp_barrier(); }

template <typename T> T __shfl_xor_sync(unsigned, T x, int mask) {
  uint64_t word = 0;
  std::memcpy(&word, &x, sizeof x);
  const uint64_t *all = emulator::exchange(word);
  T y;
  std::memcpy(&y, &all[(threadIdx.x % 32) ^ mask], sizeof y);
  return y;
}

template <typename T> T __shfl_sync(unsigned, T x, int lane) {
  uint64_t word = 0;
  std::memcpy(&word, &x, sizeof x);
  const uint64_t *all = emulator::exchange(word);
  T y;
  std::memcpy(&y, &all[lane], sizeof y);
  return y;
}

inline float __int_as_float(unsigned bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}
inline int __float_as_int(float x) {
  int bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}
inline double __longlong_as_double(long long bits) {
  double x;
  std::memcpy(&x, &bits, 8);
  return x;
}
inline long long __double_as_longlong(double x) {
  long long bits;
  std::memcpy(&bits, &x, 8);
  return bits;
}
// Four bytes out of eight, those of x below those of y: a nibble of the selector each.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  uint64_t all = (uint64_t)y << 32 | x;
  unsigned bytes = 0;
  for (int i = 0; i < 4; i++) {
    bytes |= (unsigned)(all >> (selector >> 4 * i & 7) * 8 & 255) << 8 * i;
  }
  return bytes;
}
inline void sincospif(float x, float *sine, float *cosine) {
  *sine = (float)std::sin(x * 3.14159265358979323846);
  *cosine = (float)std::cos(x * 3.14159265358979323846);
}
// The products of four signed bytes each, and c.
inline int __dp4a(int a, int b, int c) {
  for (int i = 0; i < 32; i += 8) {
    c += (signed char)(a >> i) * (signed char)(b >> i);
  }
  return c;
}
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }

// By instruction: of _Float16 g++ makes a call where the number is a double in the end.
inline float from_f16(unsigned short bits) { return _cvtsh_ss(bits); }
inline unsigned short to_f16(float value) { return _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT); }
