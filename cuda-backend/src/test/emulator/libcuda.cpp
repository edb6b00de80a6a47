// A libcuda.so.1 without a GPU: the part of CUDA's driver API that the backend calls, over the host's memory and the
// kernels compiled by g++. Work on a stream is done as late as it may be, when somebody waits for it: so staging memory
// that is reused too early, or arguments that are freed, give wrong results here too.
#include "fibers.h"
#include "tensormap.h"
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#define API extern "C" __attribute__((visibility("default"))) int

typedef uint64_t Address;

enum {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  INVALID_DEVICE = 101,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  LAUNCH_FAILED = 719,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_UNMATCHED = 903
};

namespace {
constexpr size_t MEMORY = 12ull << 30;
constexpr unsigned MOST_SHARED = 227 << 10;

typedef std::function<int()> Work;

struct Graph {
  std::vector<Work> nodes;
};

struct Stream {
  std::deque<Work> pending;
  std::shared_ptr<Graph> capture;
};

struct Event {
  Stream *stream = nullptr;
};

struct Function {
  const emulator::Kernel *kernel;
  unsigned most_shared = 48 << 10;
};

struct Module {
  std::map<std::string, Function> functions;
};

std::recursive_mutex lock;
bool initialised;
int contexts;
thread_local void *current_context;
int sticky;
size_t used;
std::map<Address, size_t> memory;  // live allocations of the device
std::map<Address, size_t> pinned;  // of the host
std::set<Stream *> streams;
std::set<Event *> events;
std::set<Module *> modules;
std::map<void *, Function *> functions;
std::set<std::shared_ptr<Graph> *> graphs;

#define ENTER                                                                                                          \
  std::lock_guard<std::recursive_mutex> guard(lock);                                                                   \
  if (!initialised) {                                                                                                  \
    return NOT_INITIALIZED;                                                                                            \
  }
#define ENTER_CONTEXT                                                                                                  \
  ENTER                                                                                                                \
  if (!current_context || contexts == 0) {                                                                             \
    return INVALID_CONTEXT;                                                                                            \
  }                                                                                                                    \
  if (sticky) {                                                                                                        \
    return sticky;                                                                                                     \
  }

bool within(const std::map<Address, size_t> &all, Address at, size_t bytes) {
  auto next = all.upper_bound(at);
  if (next == all.begin()) {
    return false;
  }
  --next;
  return at + bytes <= next->first + next->second;
}

int flush(Stream *s) {
  while (!s->pending.empty() && !sticky) {
    Work work = std::move(s->pending.front());
    s->pending.pop_front();
    sticky = work();
  }
  return sticky;
}

int flush_all() {
  for (Stream *s : streams) {
    flush(s);
  }
  return sticky;
}

int enqueue(Stream *s, Work work) {
  if (!streams.count(s)) {
    return INVALID_HANDLE;
  }
  if (s->capture) {
    s->capture->nodes.push_back(std::move(work));
  } else {
    s->pending.push_back(std::move(work));
  }
  return SUCCESS;
}

int allocate(Address *out, size_t bytes) {
  if (bytes == 0) {
    return INVALID_VALUE;
  }
  if (bytes > MEMORY - used) {
    return OUT_OF_MEMORY;
  }
  void *at = aligned_alloc(512, (bytes + 511) / 512 * 512);
  if (!at) {
    return OUT_OF_MEMORY;
  }
  std::memset(at, 0xFF, bytes);
  memory[(Address)at] = bytes;
  used += bytes;
  *out = (Address)at;
  return SUCCESS;
}

int release(Address at) {
  auto found = memory.find(at);
  if (found == memory.end()) {
    return INVALID_VALUE;
  }
  used -= found->second;
  std::memset((void *)at, 0xFF, found->second);
  free((void *)at);
  memory.erase(found);
  return SUCCESS;
}

int copy(Address to, Address from, size_t bytes, bool device_to, bool device_from, Stream *s) {
  bool host_is_pinned = device_to ? within(pinned, from, bytes) : within(pinned, to, bytes);
  if ((device_to && !within(memory, to, bytes)) || (device_from && !within(memory, from, bytes))) {
    return INVALID_VALUE;
  }
  if (s->capture && !host_is_pinned && !(device_to && device_from)) {
    return CAPTURE_UNSUPPORTED;
  }
  int result = enqueue(s, [=] {
    std::memcpy((void *)to, (const void *)from, bytes);
    return SUCCESS;
  });
  return result || host_is_pinned || (device_to && device_from) ? result : flush(s);
}
} // namespace

API cuInit(unsigned) {
  initialised = true;
  return SUCCESS;
}

API cuDriverGetVersion(int *version) {
  *version = 12060;
  return SUCCESS;
}

API cuGetErrorName(int code, const char **name) {
  *name = code == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : code == LAUNCH_FAILED ? "CUDA_ERROR_LAUNCH_FAILED" : "CUDA_ERROR";
  return SUCCESS;
}

API cuGetErrorString(int, const char **text) {
  *text = "emulated";
  return SUCCESS;
}

API cuDeviceGetCount(int *count) {
  ENTER
  *count = 1;
  return SUCCESS;
}

API cuDeviceGet(int *device, int index) {
  ENTER
  *device = index;
  return index == 0 ? SUCCESS : INVALID_DEVICE;
}

API cuDeviceGetName(char *name, int size, int) {
  std::snprintf(name, size, "Emulated GPU");
  return SUCCESS;
}

API cuDeviceTotalMem_v2(size_t *bytes, int) {
  *bytes = MEMORY;
  return SUCCESS;
}

API cuDeviceGetAttribute(int *value, int attribute, int) {
  const std::map<int, int> values = {{16, 6}, {75, 9}, {76, 0}, {97, (int)MOST_SHARED}, {115, 1}};
  auto found = values.find(attribute);
  *value = found == values.end() ? 0 : found->second;
  return SUCCESS;
}

API cuDevicePrimaryCtxRetain(void **context, int) {
  ENTER
  contexts++;
  *context = &contexts;
  return SUCCESS;
}

API cuDevicePrimaryCtxRelease_v2(int) {
  ENTER
  if (contexts == 0) {
    return INVALID_CONTEXT;
  }
  if (--contexts == 0) { // everything goes with it
    flush_all();
    while (!memory.empty()) {
      release(memory.begin()->first);
    }
    for (Stream *s : streams) {
      delete s;
    }
    streams.clear();
    sticky = 0;
  }
  return SUCCESS;
}

API cuCtxSetCurrent(void *context) {
  ENTER
  current_context = context;
  return SUCCESS;
}

API cuCtxSynchronize() {
  ENTER_CONTEXT
  return flush_all();
}

API cuMemGetInfo_v2(size_t *free, size_t *total) {
  ENTER_CONTEXT
  flush_all();
  *free = MEMORY - used;
  *total = MEMORY;
  return SUCCESS;
}

API cuMemAlloc_v2(Address *out, size_t bytes) {
  ENTER_CONTEXT
  return allocate(out, bytes);
}

API cuMemFree_v2(Address at) {
  ENTER_CONTEXT
  flush_all();
  return release(at);
}

API cuMemAllocAsync(Address *out, size_t bytes, Stream *s) {
  ENTER_CONTEXT
  return s->capture ? CAPTURE_UNSUPPORTED : allocate(out, bytes);
}

API cuMemFreeAsync(Address at, Stream *s) {
  ENTER_CONTEXT
  return memory.count(at) ? enqueue(s, [=] { return release(at); }) : INVALID_VALUE;
}

API cuMemHostAlloc(void **out, size_t bytes, unsigned) {
  ENTER_CONTEXT
  *out = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  pinned[(Address)*out] = bytes;
  return *out ? SUCCESS : OUT_OF_MEMORY;
}

API cuMemFreeHost(void *at) {
  ENTER_CONTEXT
  flush_all();
  if (!pinned.erase((Address)at)) {
    return INVALID_VALUE;
  }
  free(at);
  return SUCCESS;
}

API cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t bytes, Stream *s) {
  ENTER_CONTEXT
  return copy(to, (Address)from, bytes, true, false, s);
}

API cuMemcpyDtoHAsync_v2(void *to, Address from, size_t bytes, Stream *s) {
  ENTER_CONTEXT
  return copy((Address)to, from, bytes, false, true, s);
}

API cuStreamCreate(Stream **out, unsigned) {
  ENTER_CONTEXT
  streams.insert(*out = new Stream);
  return SUCCESS;
}

API cuStreamDestroy_v2(Stream *s) {
  ENTER_CONTEXT
  if (!streams.erase(s)) {
    return INVALID_HANDLE;
  }
  int result = flush(s);
  delete s;
  return result;
}

API cuStreamSynchronize(Stream *s) {
  ENTER_CONTEXT
  return !streams.count(s) ? INVALID_HANDLE : s->capture ? CAPTURE_UNSUPPORTED : flush(s);
}

API cuStreamBeginCapture_v2(Stream *s, int) {
  ENTER_CONTEXT
  if (!streams.count(s) || s->capture) {
    return streams.count(s) ? CAPTURE_UNSUPPORTED : INVALID_HANDLE;
  }
  s->capture = std::make_shared<Graph>();
  return SUCCESS;
}

API cuStreamEndCapture(Stream *s, void **graph) {
  ENTER_CONTEXT
  if (!s->capture) {
    return CAPTURE_UNMATCHED;
  }
  auto *made = new std::shared_ptr<Graph>(std::move(s->capture));
  s->capture.reset();
  graphs.insert(made);
  *graph = made;
  return SUCCESS;
}

API cuGraphInstantiateWithFlags(void **executable, std::shared_ptr<Graph> *graph, unsigned long long) {
  ENTER_CONTEXT
  if (!graphs.count(graph)) {
    return INVALID_HANDLE;
  }
  auto *made = new std::shared_ptr<Graph>(*graph);
  graphs.insert(made);
  *executable = made;
  return SUCCESS;
}

API cuGraphLaunch(std::shared_ptr<Graph> *executable, Stream *s) {
  ENTER_CONTEXT
  if (!graphs.count(executable)) {
    return INVALID_HANDLE;
  }
  std::shared_ptr<Graph> graph = *executable;
  return enqueue(s, [graph] {
    for (const Work &node : graph->nodes) {
      if (int result = node()) {
        return result;
      }
    }
    return (int)SUCCESS;
  });
}

API cuGraphDestroy(std::shared_ptr<Graph> *graph) {
  ENTER_CONTEXT
  if (!graphs.erase(graph)) {
    return INVALID_HANDLE;
  }
  delete graph;
  return SUCCESS;
}

API cuGraphExecDestroy(std::shared_ptr<Graph> *graph) { return cuGraphDestroy(graph); }

API cuEventCreate(Event **out, unsigned) {
  ENTER_CONTEXT
  events.insert(*out = new Event);
  return SUCCESS;
}

API cuEventRecord(Event *event, Stream *s) {
  ENTER_CONTEXT
  event->stream = s;
  return SUCCESS;
}

API cuEventSynchronize(Event *event) {
  ENTER_CONTEXT
  return event->stream && streams.count(event->stream) ? flush(event->stream) : SUCCESS;
}

API cuEventElapsedTime(float *milliseconds, Event *, Event *) {
  *milliseconds = 1;
  return SUCCESS;
}

API cuEventDestroy_v2(Event *event) {
  ENTER_CONTEXT
  if (!events.erase(event)) {
    return INVALID_HANDLE;
  }
  delete event;
  return SUCCESS;
}

API cuModuleLoadData(Module **out, const void *image) {
  ENTER_CONTEXT
  if (!image) {
    return INVALID_IMAGE;
  }
  modules.insert(*out = new Module);
  return SUCCESS;
}

API cuModuleLoadDataEx(Module **out, const void *image, unsigned, void *, void *) { return cuModuleLoadData(out, image); }

API cuModuleUnload(Module *module) {
  ENTER_CONTEXT
  if (!modules.erase(module)) {
    return INVALID_HANDLE;
  }
  flush_all();
  delete module;
  return SUCCESS;
}

API cuModuleGetFunction(Function **out, Module *module, const char *name) {
  ENTER_CONTEXT
  const emulator::Kernel *kernel = emulator::find(name);
  if (!kernel) {
    return NOT_FOUND;
  }
  Function &f = module->functions[name];
  f.kernel = kernel;
  functions[&f] = &f;
  *out = &f;
  return SUCCESS;
}

API cuFuncSetAttribute(Function *f, int attribute, int value) {
  ENTER_CONTEXT
  if (attribute != 8 || value < 0 || (unsigned)value > MOST_SHARED) {
    return INVALID_VALUE;
  }
  f->most_shared = value;
  return SUCCESS;
}

struct LaunchAttribute {
  int id;
  int pad;
  int value[16];
};

struct LaunchConfig {
  unsigned grid[3];
  unsigned block[3];
  unsigned shared;
  Stream *stream;
  const LaunchAttribute *attributes;
  unsigned attribute_count;
};

// Whether a launch may begin before the one before has ended; -1 if it has attributes that are not known here.
static int begins_early(const LaunchConfig &c) {
  const int PROGRAMMATIC_STREAM_SERIALIZATION = 6;
  if (c.attribute_count == 0) {
    return 0;
  }
  bool known = c.attribute_count == 1 && c.attributes && c.attributes->id == PROGRAMMATIC_STREAM_SERIALIZATION;
  return known ? c.attributes->value[0] != 0 : -1;
}

API cuLaunchKernelEx(const LaunchConfig *c, Function *f, void **parameters, void **extra) {
  ENTER_CONTEXT
  int early = begins_early(*c);
  if (!functions.count(f) || extra || early < 0) {
    return INVALID_VALUE;
  }
  bool grid = c->grid[0] > 0 && c->grid[0] < 1u << 31 && c->grid[1] > 0 && c->grid[1] < 65536 && c->grid[2] > 0 &&
              c->grid[2] < 65536;
  bool block = c->block[0] > 0 && (int)c->block[0] <= f->kernel->threads && c->block[0] % 32 == 0 &&
               c->block[1] == 1 && c->block[2] == 1;
  if (!grid || !block || c->shared > f->most_shared) {
    std::fprintf(stderr, "emulator: %s: grid %u %u %u block %u shared %u\n", f->kernel->name, c->grid[0], c->grid[1],
                 c->grid[2], c->block[0], c->shared);
    return INVALID_VALUE;
  }
  // The driver copies arguments at the launch.
  size_t bytes = (f->kernel->bytes + 127) / 128 * 128;
  std::shared_ptr<void> arguments(aligned_alloc(128, bytes), free);
  std::memcpy(arguments.get(), parameters[0], f->kernel->bytes);
  Dim g = {c->grid[0], c->grid[1], c->grid[2]};
  Dim b = {c->block[0], 1, 1};
  unsigned shared = c->shared;
  const emulator::Kernel *kernel = f->kernel;
  return enqueue(c->stream, [=] {
    return emulator::run(*kernel, g, b, shared, arguments.get(), early) ? SUCCESS : LAUNCH_FAILED;
  });
}

// The rules of cuda.h for maps without interleaving.
API cuTensorMapEncodeTiled(void *map, int type, unsigned rank, Address address, const uint64_t *dims, const uint64_t *strides,
                           const unsigned *box, const unsigned *steps, int interleave, int swizzle, int promotion, int fill) {
  const std::map<int, unsigned> bytes = {{6, 2}, {9, 2}}; // F16, BF16
  auto element = bytes.find(type);
  bool known = element != bytes.end() && interleave == 0 && (swizzle == 0 || swizzle == 3) && promotion <= 3 && fill == 0;
  if (!known || (Address)map % 64 != 0 || rank < 1 || rank > 5 || address % 16 != 0) {
    return INVALID_VALUE;
  }
  EmulatedTensorMap m = {TENSOR_MAP, address, {}, {}, {}, rank, element->second, swizzle == 3, 0};
  for (unsigned i = 0; i < rank; i++) {
    bool row = box[0] * m.element % 16 == 0 && (!m.swizzled || box[0] * m.element <= 128);
    bool stride = i + 1 == rank || (strides[i] % 16 == 0 && strides[i] < 1ull << 40);
    if (!row || !stride || dims[i] < 1 || dims[i] > 1ull << 32 || box[i] < 1 || box[i] > 256 || steps[i] != 1) {
      return INVALID_VALUE;
    }
    m.dims[i] = (uint32_t)dims[i];
    m.box[i] = box[i];
    if (i + 1 < rank) {
      m.strides[i] = strides[i];
    }
  }
  std::memset(map, 0, 128);
  std::memcpy(map, &m, sizeof m);
  return SUCCESS;
}

// For tests: bytes of a kernel's arguments, -1 if there is no such kernel.
API emulator_argument_bytes(const char *name) {
  const emulator::Kernel *kernel = emulator::find(name);
  return kernel ? (int)kernel->bytes : -1;
}
