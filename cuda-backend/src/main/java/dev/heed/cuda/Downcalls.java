package dev.heed.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

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

  private static final long STREAM = offset("hStream");
  private static final long SHARED = offset("sharedMemBytes");

  private final MethodHandle setCurrent;
  private final MethodHandle launch;
  private final MethodHandle launchGraph;
  private final MethodHandle setFunctionAttribute;
  private final MethodHandle upload;
  private final MethodHandle download;

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
  }

  static long offset(String field) {
    return LAUNCH_CONFIG.byteOffset(MemoryLayout.PathElement.groupElement(field));
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

  int launch(long function, LaunchShape shape, MemorySegment arguments, long stream) {
    MemorySegment block = blocks.get();
    block.setAtIndex(JAVA_INT, 0, shape.gridX());
    block.setAtIndex(JAVA_INT, 1, shape.gridY());
    block.setAtIndex(JAVA_INT, 2, shape.gridZ());
    block.setAtIndex(JAVA_INT, 3, shape.threads());
    block.setAtIndex(JAVA_INT, 4, 1);
    block.setAtIndex(JAVA_INT, 5, 1);
    block.set(JAVA_INT, SHARED, shape.sharedBytes());
    block.set(JAVA_LONG, STREAM, stream);
    MemorySegment parameters = block.asSlice(LAUNCH_CONFIG.byteSize());
    parameters.set(ADDRESS, 0, arguments);
    try {
      return (int) launch.invokeExact(block, function, parameters, 0L);
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
