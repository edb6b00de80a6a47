#include "fibers.h"
#include <cstdio>
#include <sys/mman.h>
#include <vector>

namespace emulator {
Dim thread_index, block_index, block_size, grid_size;
unsigned char *dynamic_shared;

namespace {
constexpr int MOST_THREADS = 1024;
constexpr size_t STACK = (256 << 10) + 17 * 64; // bytes; stacks a power of two apart would share few lines of the caches
constexpr size_t MOST_SHARED = 228 << 10;

Kernel *kernels;

// Which threads of the block, by their place in its turning order.
struct Places {
  uint64_t words[MOST_THREADS / 64];

  void clear() { std::memset(words, 0, sizeof words); }
  bool has(int place) const { return words[place / 64] >> place % 64 & 1; }
  void add(int place) { words[place / 64] |= 1ull << place % 64; }
  void remove(int place) { words[place / 64] &= ~(1ull << place % 64); }
  void add_warp_of(int place) { words[place / 64] |= 0xffffffffull << place % 64 / 32 * 32; }
  void add_all(const Places &more) {
    for (int i = 0; i < MOST_THREADS / 64; i++) {
      words[i] |= more.words[i];
    }
  }
  // The first from `place` on, MOST_THREADS if there is none.
  int next(int place) const {
    uint64_t word = place < MOST_THREADS ? words[place / 64] >> place % 64 << place % 64 : 0;
    int i = place / 64;
    while (!word && ++i < MOST_THREADS / 64) {
      word = words[i];
    }
    return word ? i * 64 + __builtin_ctzll(word) : MOST_THREADS;
  }
};

struct Copy {
  void *to;
  const void *from;
  int bytes;
  int valid;
};

struct Fiber {
  void *stack_pointer;
  int index;
  int place; // in the block's turning order
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
Fiber *at_place[MOST_THREADS];
Fiber *current;
void *scheduler;
Entry entry;
const void *arguments;
int block_waiting, alive;
Places ready;      // these run in turns, and those that poll, once what they wait for holds
Places polling;    // wait for a barrier in shared memory
Places at_barrier; // wait for the block
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

// The first from `place` on that can run; null if there is none.
Fiber *runnable(int place) {
  for (int i = std::min(ready.next(place), polling.next(place)); i < MOST_THREADS;
       i = std::min(ready.next(i + 1), polling.next(i + 1))) {
    Fiber *f = at_place[i];
    if (ready.has(i)) {
      return f;
    }
    if (f->holds(f->barrier, f->barrier_parity)) {
      polling.remove(i);
      ready.add(i);
      return f;
    }
  }
  return nullptr;
}

// Goes on with the next fiber, or with the block if none can run.
void pause() {
  Fiber *from = current;
  Fiber *to = runnable(from->place + 1);
  to = to ? to : runnable(0);
  if (to == from) {
    return;
  }
  if (to) {
    current = to;
    thread_index.x = to->index;
  }
  emulator_switch(&from->stack_pointer, to ? to->stack_pointer : scheduler);
}

void release_block() {
  if (block_waiting > 0 && block_waiting == alive) {
    block_waiting = 0;
    ready.add_all(at_barrier);
    at_barrier.clear();
  }
}

void begin() {
  entry(arguments);
  ready.remove(current->place);
  alive--;
  release_block();
  pause();
  std::abort(); // nobody goes on with a thread that has ended
}

void prepare(Fiber &f, int index, int place) {
  f.index = index;
  f.place = place;
  at_place[place] = &f;
  ready.add(place);
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

bool run_block(int threads, bool reversed) {
  alive = threads;
  block_waiting = 0;
  for (Warp &w : warps) {
    w.waiting = 0;
  }
  begin_transfers();
  ready.clear();
  polling.clear();
  at_barrier.clear();
  for (int i = 0; i < threads; i++) {
    prepare(fibers[i], i, reversed ? threads - 1 - i : i);
  }
  while (alive > 0) {
    Fiber *first = runnable(0);
    if (first) {
      current = first;
      thread_index = {(unsigned)first->index, 0, 0};
      emulator_switch(&scheduler, first->stack_pointer);
    } else if (!deliver(reversed)) {
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
    ready.remove(current->place);
    polling.add(current->place);
    pause();
  }
}

void await_previous() { current->awaited = true; }

void block_barrier() {
  ready.remove(current->place);
  at_barrier.add(current->place);
  block_waiting++;
  release_block();
  pause();
}

void warp_barrier() {
  ready.remove(current->place);
  int &waiting = warps[current->index / 32].waiting;
  if (++waiting == 32) {
    waiting = 0;
    ready.add_warp_of(current->place);
  }
  pause();
}

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
