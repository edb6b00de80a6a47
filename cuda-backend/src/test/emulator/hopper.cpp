// Hopper's copy engine, barriers in shared memory, and products of warp groups. Both kinds of work are done as late as they
// may be: a box arrives when no thread can go on without one, a product when its thread waits for it. So what reads too
// early reads what was there before.
#include "fibers.h"
#include "tensormap.h"
#include <cstdio>
#include <deque>
#include <vector>

namespace emulator {
namespace {
struct Box {
  unsigned char *to;
  const EmulatedTensorMap *map;
  int at[5];
  void *barrier;
};

struct Product {
  float (*from_half)(unsigned short);
  float *d;
  uint64_t a, b;
  bool add;
};

struct Barrier {
  int32_t bytes; // still to come in this phase
  uint8_t arrivals;
  uint8_t pending; // arrivals still to come
  uint8_t phase;
  uint8_t valid;
};
static_assert(sizeof(Barrier) == 8, "as an mbarrier");
constexpr uint8_t VALID = 0xB5;

std::vector<Box> under_way;
std::deque<std::vector<Product>> products[1024]; // of each thread, the last group not committed yet
int multiplying;                                 // how many products there are in all

[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "emulator: thread %d: %s\n", current_thread(), what);
  std::abort();
}

Barrier &barrier_at(void *at) {
  Barrier &b = *(Barrier *)at;
  if (b.valid != VALID || (uint64_t)at % 8 != 0) {
    fail("no barrier there");
  }
  return b;
}

void complete(Barrier &b) {
  if (b.pending == 0 && b.bytes == 0) {
    b.phase ^= 1;
    b.pending = b.arrivals;
  }
}

bool phase_is_over(const void *barrier, unsigned parity) { return ((const Barrier *)barrier)->phase != parity; }

// Where 128-byte swizzling puts a byte of shared memory.
uint32_t swizzled(uint32_t at) { return at ^ (at >> 7 & 7) << 4; }

void copy_box(const Box &box) {
  const EmulatedTensorMap &m = *box.map;
  uint32_t offset = shared_offset(box.to);
  uint32_t elements = 1;
  for (uint32_t i = 0; i < m.rank; i++) {
    elements *= m.box[i];
  }
  for (uint32_t e = 0; e < elements; e++) {
    bool inside = true;
    uint64_t from = m.address;
    uint32_t rest = e;
    for (uint32_t i = 0; i < m.rank; i++) {
      int64_t x = box.at[i] + (int64_t)(rest % m.box[i]);
      rest /= m.box[i];
      inside &= x >= 0 && x < (int64_t)m.dims[i];
      from += x * (i == 0 ? m.element : m.strides[i - 1]);
    }
    uint32_t to = offset + e * m.element;
    unsigned char *byte = shared_base() + (m.swizzled ? swizzled(to) : to);
    if (inside) {
      std::memcpy(byte, (const void *)from, m.element);
    } else {
      std::memset(byte, 0, m.element);
    }
  }
  Barrier &b = barrier_at(box.barrier);
  b.bytes -= (int32_t)(elements * m.element);
  complete(b);
}

// Element (row, k) of an operand of 16-bit elements: PTX ISA, matrix descriptors of wgmma for K-major operands.
unsigned short operand(uint64_t descriptor, int row, int k) {
  uint32_t at = (uint32_t)(descriptor & 0x3fff) << 4;
  uint32_t along_k = (uint32_t)(descriptor >> 16 & 0x3fff) << 4;
  uint32_t along_rows = (uint32_t)(descriptor >> 32 & 0x3fff) << 4;
  unsigned short bits;
  if (descriptor >> 62 == 1) { // rows of 128 bytes, swizzled
    at = swizzled(at + row / 8 * along_rows + row % 8 * 128 + 2 * k);
  } else {
    at += row / 8 * along_rows + k / 8 * along_k + row % 8 * 16 + k % 8 * 2;
  }
  std::memcpy(&bits, shared_base() + at, 2);
  return bits;
}

// This thread's part of a product of 64 by 256 by 16.
void multiply(const Product &p, int thread) {
  int row = thread / 32 % 4 * 16 + thread % 32 / 4;
  float a[2][16];
  for (int i = 0; i < 32; i++) {
    a[i / 16][i % 16] = p.from_half(operand(p.a, row + i / 16 * 8, i % 16));
  }
  for (int column = 0; column < 64; column++) { // of this thread's
    float b[16];
    for (int k = 0; k < 16; k++) {
      b[k] = p.from_half(operand(p.b, column / 2 * 8 + thread % 4 * 2 + column % 2, k));
    }
    for (int half = 0; half < 2; half++) {
      float &d = p.d[column / 2 * 4 + half * 2 + column % 2];
      double sum = p.add ? d : 0;
      for (int k = 0; k < 16; k++) {
        sum += (double)a[half][k] * b[k];
      }
      d = (float)sum;
    }
  }
}
} // namespace

uint32_t shared_offset(const void *at) { return (uint32_t)((const unsigned char *)at - shared_base()); }

void barrier_init(void *barrier, unsigned arrivals) {
  *(Barrier *)barrier = {0, (uint8_t)arrivals, (uint8_t)arrivals, 0, VALID};
}

void barrier_arrive(void *barrier, unsigned bytes) {
  Barrier &b = barrier_at(barrier);
  b.bytes += (int32_t)bytes;
  b.pending--;
  complete(b);
}

void barrier_wait(void *barrier, unsigned parity) {
  barrier_at(barrier);
  wait_until(phase_is_over, barrier, parity);
}

void load_box(void *to, const void *map, const int *at, void *barrier) {
  const auto *m = (const EmulatedTensorMap *)map;
  if (m->magic != TENSOR_MAP || (uint64_t)map % 64 != 0) {
    fail("no tensor map there");
  }
  if (shared_offset(to) % (m->swizzled ? 1024 : 128) != 0) {
    fail("a box to an address that is not aligned");
  }
  Box box = {(unsigned char *)to, m, {at[0], at[1], at[2], at[3], at[4]}, barrier};
  under_way.push_back(box);
}

void begin_transfers() {
  if (multiplying > 0) { // of a launch that failed
    for (auto &groups : products) {
      groups.clear();
    }
  }
  multiplying = 0;
  under_way.clear();
}

bool deliver(bool newest) {
  if (under_way.empty()) {
    return false;
  }
  auto next = newest ? under_way.end() - 1 : under_way.begin();
  Box box = *next;
  under_way.erase(next);
  copy_box(box);
  return true;
}

bool nothing_under_way() { return multiplying == 0 && under_way.empty(); }

void wgmma(float (*from_half)(unsigned short), float *d, uint64_t a, uint64_t b, bool add) {
  auto &groups = products[current_thread()];
  if (groups.empty()) {
    groups.emplace_back();
  }
  groups.back().push_back({from_half, d, a, b, add});
  multiplying++;
}

void wgmma_commit() { products[current_thread()].emplace_back(); }

void wgmma_wait(int left) {
  auto &groups = products[current_thread()];
  while ((int)groups.size() - 1 > left) {
    for (const Product &p : groups.front()) {
      multiply(p, current_thread());
      multiplying--;
    }
    groups.pop_front();
  }
}
} // namespace emulator
