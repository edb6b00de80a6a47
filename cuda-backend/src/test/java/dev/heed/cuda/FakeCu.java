package dev.heed.cuda;

import dev.heed.device.Device;
import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A driver that computes nothing and remembers what it was asked. It fails on misuse: handles that
 * are not alive, copies outside live memory, waiting for a stream that captures, launches beyond
 * what a GPU takes; and where a test wants it to.
 */
final class FakeCu implements Cu {
  static final long TOTAL = 1L << 34;

  /**
   * A launch as it was asked for.
   *
   * @param kernel the function's symbol
   * @param captured on a stream that captured
   * @param early may begin before the one before has ended
   */
  record Launch(String kernel, String shape, byte[] arguments, boolean captured, boolean early) {}

  /** A tensor map as it was asked for, its innermost dimension first. */
  record BoxMap(DType type, long address, boolean swizzled, List<Dimension> dimensions) {}

  /**
   * @param stride bytes; 0 of the innermost
   */
  record Dimension(long extent, long stride, int box) {}

  final List<String> calls = new ArrayList<>();
  final List<Launch> launches = new ArrayList<>();
  final List<BoxMap> maps = new ArrayList<>();
  final Map<Long, Long> memory = new HashMap<>();
  final Set<Long> streams = new HashSet<>();
  final Set<Long> events = new HashSet<>();
  final Set<Long> graphs = new HashSet<>();
  final Set<Long> modules = new HashSet<>();
  final Map<Long, Arena> pinned = new HashMap<>();
  int version = 12060;
  int devices = 1;
  int capability = 90;
  int contexts;
  boolean pools = true;

  private final Map<Long, String> functions = new HashMap<>();
  private final Map<Long, Integer> shared = new HashMap<>();
  private final Map<String, Integer> failures = new HashMap<>();
  private long next = 0x7f0000000000L;
  private long used;
  private long current;
  private long capturing;

  /** Opens its device. */
  Device open(Options options) {
    CudaProvider provider = new CudaProvider(() -> this, capability -> new byte[1], () -> options);
    return provider.open(provider.discover().devices().getFirst());
  }

  /** The next call of a function fails with a code. */
  void failNext(String call, int code) {
    failures.put(call, code);
  }

  /** All that was allocated and made is gone. */
  boolean isEmpty() {
    return memory.isEmpty()
        && streams.isEmpty()
        && events.isEmpty()
        && graphs.isEmpty()
        && modules.isEmpty()
        && pinned.isEmpty()
        && contexts == 0;
  }

  private void call(String name) {
    calls.add(name);
    Integer code = failures.remove(name);
    if (code != null) {
      throw new CuException(name, code, "CUDA_ERROR_FAKE: asked for by the test");
    }
  }

  private void contextCall(String name) {
    call(name);
    require(current != 0, name + " without a context");
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  private long make(Set<Long> kind) {
    next += 0x1000;
    kind.add(next);
    return next;
  }

  private void requireMemory(long address, long bytes) {
    boolean within =
        memory.entrySet().stream()
            .anyMatch(m -> address >= m.getKey() && address + bytes <= m.getKey() + m.getValue());
    require(within, "%x + %d is no live device memory".formatted(address, bytes));
  }

  @Override
  public int driverVersion() {
    return version;
  }

  @Override
  public int deviceCount() {
    call("cuDeviceGetCount");
    return devices;
  }

  @Override
  public String deviceName(int device) {
    return "Fake GPU";
  }

  @Override
  public long totalMemory(int device) {
    return TOTAL;
  }

  @Override
  public int attribute(int device, int attribute) {
    return switch (attribute) {
      case MULTIPROCESSORS -> 132;
      case CAPABILITY_MAJOR -> capability / 10;
      case CAPABILITY_MINOR -> capability % 10;
      case MEMORY_POOLS -> pools ? 1 : 0;
      default -> throw new AssertionError("attribute " + attribute);
    };
  }

  @Override
  public long retainContext(int device) {
    call("cuDevicePrimaryCtxRetain");
    contexts++;
    return 77;
  }

  @Override
  public void releaseContext(int device) {
    call("cuDevicePrimaryCtxRelease");
    contexts--;
  }

  @Override
  public void makeCurrent(long context) {
    require(context == 77, "context " + context);
    current = context;
  }

  @Override
  public MemoryInfo memoryInfo() {
    return new MemoryInfo(TOTAL - used, TOTAL);
  }

  @Override
  public long allocate(long bytes, long stream) {
    contextCall("cuMemAlloc");
    require(pools ? streams.contains(stream) : stream == 0, "memory on stream " + stream);
    require(bytes > 0, "0 bytes");
    if (bytes > TOTAL - used) {
      throw new CuException("cuMemAlloc", CuException.OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY");
    }
    long address = (next + 0xfff) & -0x1000L;
    next = address + bytes;
    memory.put(address, bytes);
    used += bytes;
    return address;
  }

  @Override
  public void free(long address, long stream) {
    contextCall("cuMemFree");
    Long bytes = memory.remove(address);
    require(bytes != null, "freed twice");
    used -= bytes;
  }

  @Override
  public MemorySegment allocatePinned(long bytes) {
    contextCall("cuMemHostAlloc");
    Arena arena = Arena.ofShared();
    MemorySegment host = arena.allocate(bytes, 4096);
    pinned.put(host.address(), arena);
    return host;
  }

  @Override
  public void freePinned(MemorySegment host) {
    call("cuMemFreeHost");
    Arena arena = pinned.remove(host.address());
    require(arena != null, "page-locked memory freed twice");
    arena.close();
  }

  @Override
  public void upload(long to, long host, long bytes, long stream) {
    contextCall("cuMemcpyHtoD " + bytes);
    require(streams.contains(stream), "no such stream");
    requireMemory(to, bytes);
  }

  @Override
  public void download(long host, long from, long bytes, long stream) {
    contextCall("cuMemcpyDtoH " + bytes);
    require(streams.contains(stream), "no such stream");
    requireMemory(from, bytes);
  }

  @Override
  public long createStream() {
    contextCall("cuStreamCreate");
    return make(streams);
  }

  @Override
  public void destroyStream(long stream) {
    call("cuStreamDestroy");
    require(streams.remove(stream), "stream destroyed twice");
  }

  @Override
  public void synchronizeStream(long stream) {
    contextCall("cuStreamSynchronize");
    require(streams.contains(stream) && capturing != stream, "waiting for a stream that captures");
  }

  @Override
  public long createEvent() {
    contextCall("cuEventCreate");
    return make(events);
  }

  @Override
  public void recordEvent(long event, long stream) {
    contextCall("cuEventRecord");
    require(events.contains(event) && streams.contains(stream), "no such event or stream");
  }

  @Override
  public void synchronizeEvent(long event) {
    contextCall("cuEventSynchronize");
    require(events.contains(event), "no such event");
  }

  @Override
  public void destroyEvent(long event) {
    call("cuEventDestroy");
    require(events.remove(event), "event destroyed twice");
  }

  @Override
  public void beginCapture(long stream) {
    contextCall("cuStreamBeginCapture");
    require(capturing == 0 && streams.contains(stream), "captures already");
    capturing = stream;
  }

  @Override
  public long endCapture(long stream) {
    contextCall("cuStreamEndCapture");
    require(capturing == stream, "does not capture");
    capturing = 0;
    return make(graphs);
  }

  @Override
  public long instantiate(long graph) {
    contextCall("cuGraphInstantiate");
    require(graphs.contains(graph), "no such graph");
    return make(graphs);
  }

  @Override
  public void destroyGraph(long graph) {
    call("cuGraphDestroy");
    require(graphs.remove(graph), "graph destroyed twice");
  }

  @Override
  public void launchGraph(long executable, long stream) {
    contextCall("cuGraphLaunch");
    require(graphs.contains(executable) && streams.contains(stream), "no such graph or stream");
  }

  @Override
  public void destroyExecutable(long executable) {
    call("cuGraphExecDestroy");
    require(graphs.remove(executable), "graph destroyed twice");
  }

  @Override
  public long loadModule(byte[] image) {
    contextCall("cuModuleLoadData");
    return make(modules);
  }

  @Override
  public void unloadModule(long module) {
    call("cuModuleUnload");
    require(modules.remove(module), "module unloaded twice");
  }

  @Override
  public long function(long module, String name) {
    require(modules.contains(module), "no such module");
    functions.put(++next, name);
    return next;
  }

  @Override
  public void allowShared(long function, int bytes) {
    contextCall("cuFuncSetAttribute");
    int most = capability == 90 ? 227 << 10 : 99 << 10;
    require(functions.containsKey(function) && bytes <= most, bytes + " bytes shared");
    shared.put(function, bytes);
  }

  @Override
  public void encodeTensorMap(MemorySegment to, TensorMap map) {
    require(to.address() % TensorMap.BYTES == 0 && to.byteSize() == TensorMap.BYTES, "no room");
    List<Dimension> dimensions = new ArrayList<>();
    for (int i = 0; i < map.rank(); i++) {
      long stride = i == 0 ? 0 : map.strides().getAtIndex(ValueLayout.JAVA_LONG, i - 1);
      int box = map.boxes().getAtIndex(ValueLayout.JAVA_INT, i);
      require(stride % 16 == 0 && box > 0 && box <= 256, "stride %d box %d".formatted(stride, box));
      dimensions.add(
          new Dimension(map.extents().getAtIndex(ValueLayout.JAVA_LONG, i), stride, box));
    }
    require(map.address() % 16 == 0, "tensor map at %x".formatted(map.address()));
    maps.add(new BoxMap(map.type(), map.address(), map.swizzled(), dimensions));
    to.fill((byte) maps.size());
  }

  @Override
  public void launch(
      long function, LaunchShape shape, MemorySegment arguments, long stream, boolean early) {
    contextCall("cuLaunchKernelEx");
    require(
        streams.contains(stream) && functions.containsKey(function), "no such kernel or stream");
    require(shape.threads() % 32 == 0 && shape.threads() <= 1024, shape.toString());
    int most = shared.getOrDefault(function, Kernel.SHARED_UNASKED);
    require(shape.sharedBytes() <= most, "shared memory: " + shape);
    launches.add(
        new Launch(
            functions.get(function),
            shape.toString(),
            arguments.toArray(ValueLayout.JAVA_BYTE),
            capturing == stream,
            early));
  }
}
