#include "fibers.h"
#include <cstdio>
#include <sys/mman.h>
#include <vector>

namespace emulator {
Dim thread_index, block_index, block_size, grid_size;
unsigned char *dynamic_shared;

namespace {
constexpr int MOST_THREADS = 1024;
constexpr size_t STACK = 256 << 10;
constexpr size_t MOST_SHARED = 228 << 10;

Kernel *kernels;

enum State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, AT_SHARED_BARRIER, DONE };

struct Copy {
  void *to;
  const void *from;
  int bytes;
  int valid;
};

struct Fiber {
  void *stack_pointer;
  State state;
  int index;
  int parity;
  bool awaited; // the launch before
  bool (*holds)(const void *barrier, unsigned parity);
  const void *barrier; // what is waited for in shared memory
  unsigned barrier_parity;
  std::vector<std::vector<Copy>> groups; // asynchronous copies, the last not committed yet
};

struct Warp {
  int waiting;
  uint64_t words[2][32];
  uint32_t fragments[2][32][8];
};

Fiber fibers[MOST_THREADS];
Warp warps[MOST_THREADS / 32];
Fiber *current;
void *scheduler;
Entry entry;
const void *arguments;
int block_waiting, alive;
char *stacks;
alignas(1024) unsigned char shared_memory[MOST_SHARED];

#if !defined(__x86_64__)
#error "the emulator switches fibers on x86-64 only"
#endif
// Saves the callee's registers and the stack pointer, and goes on at another.
asm(R"(
.text
.type emulator_switch, @function
emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size emulator_switch, .-emulator_switch
)");
extern "C" void emulator_switch(void **save, void *to);

void pause(State state) {
  current->state = state;
  emulator_switch(&current->stack_pointer, scheduler);
}

void begin() {
  entry(arguments);
  for (;;) {
    pause(DONE);
  }
}

void prepare(Fiber &f, int index) {
  f.index = index;
  f.state = READY;
  f.parity = 0;
  f.awaited = false;
  f.groups.assign(1, {});
  void **top = (void **)(stacks + (index + 1) * STACK);
  *--top = nullptr; // begin never returns; keeps the stack aligned as after a call
  *--top = (void *)begin;
  for (int i = 0; i < 6; i++) {
    *--top = nullptr;
  }
  f.stack_pointer = top;
}

// A barrier in shared memory that a thread waits for may be complete.
bool wakes(Fiber &f) {
  if (f.state == AT_SHARED_BARRIER && f.holds(f.barrier, f.barrier_parity)) {
    f.state = READY;
  }
  return f.state == READY;
}

void resume(Fiber &f) {
  current = &f;
  thread_index = {(unsigned)f.index, 0, 0};
  emulator_switch(&scheduler, f.stack_pointer);
}

bool run_block(int threads, bool reversed) {
  alive = threads;
  block_waiting = 0;
  for (Warp &w : warps) {
    w.waiting = 0;
  }
  begin_transfers();
  for (int i = 0; i < threads; i++) {
    prepare(fibers[i], i);
  }
  while (alive > 0) {
    bool moved = false;
    for (int i = 0; i < threads; i++) {
      Fiber &f = fibers[reversed ? threads - 1 - i : i];
      if (wakes(f)) {
        moved = true;
        resume(f);
        alive -= f.state == DONE;
        block_waiting += f.state == AT_BLOCK_BARRIER;
        if (f.state == AT_WARP_BARRIER && ++warps[f.index / 32].waiting == 32) {
          warps[f.index / 32].waiting = 0;
          for (int lane = 0; lane < 32; lane++) {
            fibers[f.index / 32 * 32 + lane].state = READY;
          }
        }
      }
      if (block_waiting > 0 && block_waiting == alive) {
        block_waiting = 0;
        for (int t = 0; t < threads; t++) {
          fibers[t].state = fibers[t].state == AT_BLOCK_BARRIER ? READY : fibers[t].state;
        }
      }
    }
    if (!moved && !deliver(reversed)) {
      return false;
    }
  }
  return nothing_under_way();
}
} // namespace

Kernel::Kernel(const char *name, int threads, size_t bytes, Entry entry)
    : name(name), threads(threads), bytes(bytes), entry(entry), next(kernels) {
  kernels = this;
}

const Kernel *find(const char *name) {
  for (Kernel *k = kernels; k; k = k->next) {
    if (!std::strcmp(k->name, name)) {
      return k;
    }
  }
  return nullptr;
}

unsigned char *shared_base() { return shared_memory; }

int current_thread() { return current->index; }

void wait_until(bool (*holds)(const void *barrier, unsigned parity), const void *barrier, unsigned parity) {
  if (!holds(barrier, parity)) {
    current->holds = holds;
    current->barrier = barrier;
    current->barrier_parity = parity;
    pause(AT_SHARED_BARRIER);
  }
}

void await_previous() { current->awaited = true; }

void block_barrier() { pause(AT_BLOCK_BARRIER); }

void warp_barrier() { pause(AT_WARP_BARRIER); }

const uint64_t *exchange(uint64_t word) {
  Warp &w = warps[current->index / 32];
  int parity = current->parity;
  current->parity ^= 1;
  w.words[parity][current->index % 32] = word;
  warp_barrier();
  return w.words[parity];
}

const uint32_t (*exchange_fragments(const uint32_t *words))[8] {
  Warp &w = warps[current->index / 32];
  int parity = current->parity;
  current->parity ^= 1;
  std::memcpy(w.fragments[parity][current->index % 32], words, 32);
  warp_barrier();
  return w.fragments[parity];
}

void copy_later(void *to, const void *from, int bytes, int valid) {
  current->groups.back().push_back({to, from, bytes, valid});
}

void commit_copies() { current->groups.emplace_back(); }

// All but the last `groups` committed groups arrive, as late as they may.
void wait_copies(int groups) {
  auto &all = current->groups;
  while ((int)all.size() - 1 > groups) {
    for (const Copy &c : all.front()) {
      std::memset(c.to, 0, c.bytes);
      std::memcpy(c.to, c.from, c.valid);
    }
    all.erase(all.begin());
  }
}

bool run(const Kernel &kernel, Dim grid, Dim block, size_t shared, const void *args, bool early) {
  static unsigned launches;
  bool reversed = launches++ % 2;
  if (!stacks) {
    stacks = (char *)mmap(nullptr, STACK * MOST_THREADS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  entry = kernel.entry;
  arguments = args;
  block_size = block;
  grid_size = grid;
  dynamic_shared = shared_memory;
  uint64_t blocks = (uint64_t)grid.x * grid.y * grid.z;
  for (uint64_t i = 0; i < blocks; i++) {
    uint64_t b = reversed ? blocks - 1 - i : i;
    block_index = {(unsigned)(b % grid.x), (unsigned)(b / grid.x % grid.y), (unsigned)(b / grid.x / grid.y)};
    std::memset(shared_memory, 0xFF, shared);
    if (!run_block((int)block.x, reversed)) {
      std::fprintf(stderr, "emulator: %s: threads wait for each other at different barriers\n", kernel.name);
      return false;
    }
    for (int t = 0; early && t < (int)block.x; t++) {
      if (!fibers[t].awaited) {
        std::fprintf(stderr, "emulator: %s: begins early and does not wait for the launch before\n", kernel.name);
        return false;
      }
    }
  }
  return true;
}
} // namespace emulator
