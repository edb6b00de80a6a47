package dev.heed.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.heed.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * What is called for every op, and what JCuda 12.6 lacks: straight calls of the driver's C
 * functions. Handles are passed as numbers, so that nothing is allocated.
 */
@SuppressWarnings("restricted")
final class Downcalls {
  /** {@code CUlaunchConfig} of cuda.h, CUDA 12 and 13. */
  static final StructLayout LAUNCH_CONFIG =
      MemoryLayout.structLayout(
          MemoryLayout.sequenceLayout(3, JAVA_INT).withName("grid"),
          MemoryLayout.sequenceLayout(3, JAVA_INT).withName("block"),
          JAVA_INT.withName("sharedMemBytes"),
          MemoryLayout.paddingLayout(4),
          JAVA_LONG.withName("hStream"),
          JAVA_LONG.withName("attrs"),
          JAVA_INT.withName("numAttrs"),
          MemoryLayout.paddingLayout(4));

  /** {@code CUlaunchAttribute}: its value is a union of 64 bytes, of which one number is used. */
  static final StructLayout LAUNCH_ATTRIBUTE =
      MemoryLayout.structLayout(
          JAVA_INT.withName("id"),
          MemoryLayout.paddingLayout(4),
          JAVA_INT.withName("value"),
          MemoryLayout.paddingLayout(60));

  /** {@code CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION}. */
  static final int EARLY_START = 6;

  /** {@code CU_TENSOR_MAP_DATA_TYPE_FLOAT16} and so on. */
  static final int TENSOR_F16 = 6;

  static final int TENSOR_BF16 = 9;
  static final int SWIZZLE_128_BYTES = 3;
  static final int PROMOTE_256_BYTES = 3;

  private static final long SHARED = offset(LAUNCH_CONFIG, "sharedMemBytes");
  private static final long STREAM = offset(LAUNCH_CONFIG, "hStream");
  private static final long ATTRIBUTES = offset(LAUNCH_CONFIG, "attrs");
  private static final long ATTRIBUTE_COUNT = offset(LAUNCH_CONFIG, "numAttrs");

  private final MethodHandle setCurrent;
  private final MethodHandle launch;
  private final MethodHandle launchGraph;
  private final MethodHandle setFunctionAttribute;
  private final MethodHandle upload;
  private final MethodHandle download;
  private final MethodHandle encodeTiled;
  private final MemorySegment earlyStart = Arena.ofAuto().allocate(LAUNCH_ATTRIBUTE);

  /** A launch's configuration and the pointer to its arguments, one for each thread. */
  private final ThreadLocal<MemorySegment> blocks =
      ThreadLocal.withInitial(
          () -> Arena.ofAuto().allocate(LAUNCH_CONFIG.byteSize() + ADDRESS.byteSize(), 8));

  Downcalls(SymbolLookup driver) {
    setCurrent = handle(driver, "cuCtxSetCurrent", JAVA_LONG);
    launch = handle(driver, "cuLaunchKernelEx", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG);
    launchGraph = handle(driver, "cuGraphLaunch", JAVA_LONG, JAVA_LONG);
    setFunctionAttribute = handle(driver, "cuFuncSetAttribute", JAVA_LONG, JAVA_INT, JAVA_INT);
    upload = handle(driver, "cuMemcpyHtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    download = handle(driver, "cuMemcpyDtoHAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    encodeTiled =
        handle(
            driver,
            "cuTensorMapEncodeTiled",
            ADDRESS,
            JAVA_INT,
            JAVA_INT,
            JAVA_LONG,
            ADDRESS,
            ADDRESS,
            ADDRESS,
            ADDRESS,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT);
    earlyStart.set(JAVA_INT, offset(LAUNCH_ATTRIBUTE, "id"), EARLY_START);
    earlyStart.set(JAVA_INT, offset(LAUNCH_ATTRIBUTE, "value"), 1);
  }

  static long offset(StructLayout struct, String field) {
    return struct.byteOffset(MemoryLayout.PathElement.groupElement(field));
  }

  /**
   * @throws java.util.NoSuchElementException if the driver is too old to have the function
   */
  private static MethodHandle handle(SymbolLookup driver, String name, ValueLayout... parameters) {
    return Linker.nativeLinker()
        .downcallHandle(driver.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, parameters));
  }

  int setCurrent(long context) {
    try {
      return (int) setCurrent.invokeExact(context);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  int launch(
      long function, LaunchShape shape, MemorySegment arguments, long stream, boolean early) {
    MemorySegment block = blocks.get();
    block.setAtIndex(JAVA_INT, 0, shape.gridX());
    block.setAtIndex(JAVA_INT, 1, shape.gridY());
    block.setAtIndex(JAVA_INT, 2, shape.gridZ());
    block.setAtIndex(JAVA_INT, 3, shape.threads());
    block.setAtIndex(JAVA_INT, 4, 1);
    block.setAtIndex(JAVA_INT, 5, 1);
    block.set(JAVA_INT, SHARED, shape.sharedBytes());
    block.set(JAVA_LONG, STREAM, stream);
    block.set(JAVA_LONG, ATTRIBUTES, early ? earlyStart.address() : 0);
    block.set(JAVA_INT, ATTRIBUTE_COUNT, early ? 1 : 0);
    MemorySegment parameters = block.asSlice(LAUNCH_CONFIG.byteSize());
    parameters.set(ADDRESS, 0, arguments);
    try {
      return (int) launch.invokeExact(block, function, parameters, 0L);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  int encodeTensorMap(MemorySegment to, TensorMap map) {
    try {
      return (int)
          encodeTiled.invokeExact(
              to,
              map.type() == DType.F16 ? TENSOR_F16 : TENSOR_BF16,
              map.rank(),
              map.address(),
              map.extents(),
              map.strides(),
              map.boxes(),
              map.steps(),
              0,
              map.swizzled() ? SWIZZLE_128_BYTES : 0,
              PROMOTE_256_BYTES,
              0);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  int launchGraph(long executable, long stream) {
    try {
      return (int) launchGraph.invokeExact(executable, stream);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  int setFunctionAttribute(long function, int attribute, int value) {
    try {
      return (int) setFunctionAttribute.invokeExact(function, attribute, value);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  int upload(long to, long host, long bytes, long stream) {
    try {
      return (int) upload.invokeExact(to, host, bytes, stream);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  int download(long host, long from, long bytes, long stream) {
    try {
      return (int) download.invokeExact(host, from, bytes, stream);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
