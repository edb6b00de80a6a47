package dev.heed.cuda;

import dev.heed.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * The driver of this machine: JCuda for what it has, {@link Downcalls} for the rest and for what
 * runs with every op. JCuda's handles are objects that only it can make: they are kept here under
 * their addresses.
 */
final class DriverCu implements Cu {
  private final Downcalls downcalls;
  private final Map<Long, NativePointerObject> handles = new ConcurrentHashMap<>();

  /**
   * Opens the driver.
   *
   * @throws DeviceException.Unavailable if there is none, or it is too old; on one line
   */
  DriverCu() {
    SymbolLookup driver = library();
    try {
      downcalls = new Downcalls(driver);
      JCudaDriver.setExceptionsEnabled(false);
      check("cuInit", JCudaDriver.cuInit(0));
    } catch (NoSuchElementException e) {
      throw new DeviceException.Unavailable(
          "the NVIDIA driver is too old; update it to one for CUDA 12 or later", e);
    } catch (LinkageError e) {
      String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
      throw new DeviceException.Unavailable("JCuda does not load: " + line, e);
    } catch (CuException e) {
      throw new DeviceException.Unavailable(
          "the NVIDIA driver does not start: " + e.getMessage() + "; check it with nvidia-smi", e);
    }
  }

  /** Fails early and clearly where JCuda would fail with pages of stack traces. */
  @SuppressWarnings("restricted")
  private static SymbolLookup library() {
    boolean windows = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows");
    String library = windows ? "nvcuda.dll" : "libcuda.so.1";
    try {
      return SymbolLookup.libraryLookup(library, Arena.global());
    } catch (IllegalArgumentException e) {
      throw new DeviceException.Unavailable(
          "no NVIDIA driver (" + library + "); install it to use an NVIDIA GPU", e);
    }
  }

  private static void check(String call, int result) {
    if (result != CUresult.CUDA_SUCCESS) {
      String[] text = {""};
      JCudaDriver.cuGetErrorString(result, text);
      throw new CuException(call, result, CUresult.stringFor(result) + ": " + text[0]);
    }
  }

  private long keep(long address, NativePointerObject handle) {
    handles.put(address, handle);
    return address;
  }

  private <T> T handle(long address, Class<T> type) {
    return type.cast(handles.get(address));
  }

  private <T> T drop(long address, Class<T> type) {
    return type.cast(handles.remove(address));
  }

  private static CUdevice device(int index) {
    CUdevice device = new CUdevice();
    check("cuDeviceGet", JCudaDriver.cuDeviceGet(device, index));
    return device;
  }

  private static CUdeviceptr pointer(long address) {
    return new CUdeviceptr().withByteOffset(address);
  }

  @Override
  public int driverVersion() {
    int[] version = new int[1];
    check("cuDriverGetVersion", JCudaDriver.cuDriverGetVersion(version));
    return version[0];
  }

  @Override
  public int deviceCount() {
    int[] count = new int[1];
    check("cuDeviceGetCount", JCudaDriver.cuDeviceGetCount(count));
    return count[0];
  }

  @Override
  public String deviceName(int device) {
    byte[] name = new byte[256];
    check("cuDeviceGetName", JCudaDriver.cuDeviceGetName(name, name.length, device(device)));
    return new String(name, StandardCharsets.UTF_8).replace('\0', ' ').strip();
  }

  @Override
  public long totalMemory(int device) {
    long[] bytes = new long[1];
    check("cuDeviceTotalMem", JCudaDriver.cuDeviceTotalMem(bytes, device(device)));
    return bytes[0];
  }

  @Override
  public int attribute(int device, int attribute) {
    int[] value = new int[1];
    check(
        "cuDeviceGetAttribute", JCudaDriver.cuDeviceGetAttribute(value, attribute, device(device)));
    return value[0];
  }

  @Override
  public long retainContext(int device) {
    class Context extends CUcontext {
      long address() {
        return getNativePointer();
      }
    }
    Context context = new Context();
    check(
        "cuDevicePrimaryCtxRetain", JCudaDriver.cuDevicePrimaryCtxRetain(context, device(device)));
    return context.address();
  }

  @Override
  public void releaseContext(int device) {
    check("cuDevicePrimaryCtxRelease", JCudaDriver.cuDevicePrimaryCtxRelease(device(device)));
  }

  @Override
  public void makeCurrent(long context) {
    check("cuCtxSetCurrent", downcalls.setCurrent(context));
  }

  @Override
  public MemoryInfo memoryInfo() {
    long[] free = new long[1];
    long[] total = new long[1];
    check("cuMemGetInfo", JCudaDriver.cuMemGetInfo(free, total));
    return new MemoryInfo(free[0], total[0]);
  }

  @Override
  public long allocate(long bytes, long stream) {
    class Address extends CUdeviceptr {
      long value() {
        return getNativePointer();
      }
    }
    Address address = new Address();
    if (stream == 0) {
      check("cuMemAlloc", JCudaDriver.cuMemAlloc(address, bytes));
    } else {
      check(
          "cuMemAllocAsync",
          JCudaDriver.cuMemAllocAsync(address, bytes, handle(stream, CUstream.class)));
    }
    return address.value();
  }

  @Override
  public void free(long address, long stream) {
    if (stream == 0) {
      check("cuMemFree", JCudaDriver.cuMemFree(pointer(address)));
    } else {
      check(
          "cuMemFreeAsync",
          JCudaDriver.cuMemFreeAsync(pointer(address), handle(stream, CUstream.class)));
    }
  }

  @Override
  @SuppressWarnings("restricted")
  public MemorySegment allocatePinned(long bytes) {
    class Host extends Pointer {
      long value() {
        return getNativePointer();
      }
    }
    Host host = new Host();
    check("cuMemHostAlloc", JCudaDriver.cuMemHostAlloc(host, bytes, 0));
    keep(host.value(), host);
    return MemorySegment.ofAddress(host.value()).reinterpret(bytes);
  }

  @Override
  public void freePinned(MemorySegment memory) {
    check("cuMemFreeHost", JCudaDriver.cuMemFreeHost(drop(memory.address(), Pointer.class)));
  }

  @Override
  public void upload(long to, long host, long bytes, long stream) {
    check("cuMemcpyHtoDAsync", downcalls.upload(to, host, bytes, stream));
  }

  @Override
  public void download(long host, long from, long bytes, long stream) {
    check("cuMemcpyDtoHAsync", downcalls.download(host, from, bytes, stream));
  }

  @Override
  public long createStream() {
    class Stream extends CUstream {
      long address() {
        return getNativePointer();
      }
    }
    Stream stream = new Stream();
    check(
        "cuStreamCreate",
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING));
    return keep(stream.address(), stream);
  }

  @Override
  public void destroyStream(long stream) {
    check("cuStreamDestroy", JCudaDriver.cuStreamDestroy(drop(stream, CUstream.class)));
  }

  @Override
  public void synchronizeStream(long stream) {
    check("cuStreamSynchronize", JCudaDriver.cuStreamSynchronize(handle(stream, CUstream.class)));
  }

  @Override
  public long createEvent() {
    class Event extends CUevent {
      long address() {
        return getNativePointer();
      }
    }
    Event event = new Event();
    check("cuEventCreate", JCudaDriver.cuEventCreate(event, CUevent_flags.CU_EVENT_DISABLE_TIMING));
    return keep(event.address(), event);
  }

  @Override
  public void recordEvent(long event, long stream) {
    check(
        "cuEventRecord",
        JCudaDriver.cuEventRecord(handle(event, CUevent.class), handle(stream, CUstream.class)));
  }

  @Override
  public void synchronizeEvent(long event) {
    check("cuEventSynchronize", JCudaDriver.cuEventSynchronize(handle(event, CUevent.class)));
  }

  @Override
  public void destroyEvent(long event) {
    check("cuEventDestroy", JCudaDriver.cuEventDestroy(drop(event, CUevent.class)));
  }

  @Override
  public void beginCapture(long stream) {
    check(
        "cuStreamBeginCapture",
        JCudaDriver.cuStreamBeginCapture(
            handle(stream, CUstream.class),
            CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
  }

  @Override
  public long endCapture(long stream) {
    class Graph extends CUgraph {
      long address() {
        return getNativePointer();
      }
    }
    Graph graph = new Graph();
    check(
        "cuStreamEndCapture",
        JCudaDriver.cuStreamEndCapture(handle(stream, CUstream.class), graph));
    return keep(graph.address(), graph);
  }

  @Override
  public long instantiate(long graph) {
    class Executable extends CUgraphExec {
      long address() {
        return getNativePointer();
      }
    }
    Executable executable = new Executable();
    check(
        "cuGraphInstantiate",
        JCudaDriver.cuGraphInstantiate(executable, handle(graph, CUgraph.class), 0));
    return keep(executable.address(), executable);
  }

  @Override
  public void destroyGraph(long graph) {
    check("cuGraphDestroy", JCudaDriver.cuGraphDestroy(drop(graph, CUgraph.class)));
  }

  @Override
  public void launchGraph(long executable, long stream) {
    check("cuGraphLaunch", downcalls.launchGraph(executable, stream));
  }

  @Override
  public void destroyExecutable(long executable) {
    check(
        "cuGraphExecDestroy", JCudaDriver.cuGraphExecDestroy(drop(executable, CUgraphExec.class)));
  }

  @Override
  public long loadModule(byte[] image) {
    class Module extends CUmodule {
      long address() {
        return getNativePointer();
      }
    }
    Module module = new Module();
    check("cuModuleLoadData", JCudaDriver.cuModuleLoadData(module, image));
    return keep(module.address(), module);
  }

  @Override
  public void unloadModule(long module) {
    check("cuModuleUnload", JCudaDriver.cuModuleUnload(drop(module, CUmodule.class)));
  }

  @Override
  public long function(long module, String name) {
    class Function extends CUfunction {
      long address() {
        return getNativePointer();
      }
    }
    Function function = new Function();
    check(
        "cuModuleGetFunction of " + name,
        JCudaDriver.cuModuleGetFunction(function, handle(module, CUmodule.class), name));
    return function.address();
  }

  @Override
  public void allowShared(long function, int bytes) {
    check(
        "cuFuncSetAttribute",
        downcalls.setFunctionAttribute(
            function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes));
  }

  @Override
  public void encodeTensorMap(MemorySegment to, TensorMap map) {
    check("cuTensorMapEncodeTiled", downcalls.encodeTensorMap(to, map));
  }

  @Override
  public void launch(
      long function, LaunchShape shape, MemorySegment arguments, long stream, boolean early) {
    check("cuLaunchKernelEx", downcalls.launch(function, shape, arguments, stream, early));
  }
}
