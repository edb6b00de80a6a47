package dev.heed.opencl;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.jocl.CL;
import org.jocl.cl_command_queue;

/**
 * The two calls of a launch, made for a queue. JOCL copies each one's arrays to new memory, which
 * takes longer than the driver; here they lie in off-heap memory of the queue. Nothing is
 * allocated.
 */
final class KernelCalls {
  private static final int DIMENSIONS = 3;

  /** {@code cl_int clSetKernelArg(kernel, index, size, value)}: never waits. */
  private static final MethodHandle SET_ARGUMENT =
      Downcalls.function(
          "clSetKernelArg",
          FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG),
          Linker.Option.critical(false));

  /**
   * {@code cl_int clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, events,
   * event list, event)}.
   */
  private static final MethodHandle ENQUEUE =
      Downcalls.function(
          "clEnqueueNDRangeKernel",
          FunctionDescriptor.of(
              JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT,
              JAVA_LONG, JAVA_LONG));

  private final long queue;

  /** An argument's value, then the global and the local range: what the driver reads. */
  private final MemorySegment block;

  private final long value;
  private final long global;
  private final long local;

  /** Calls for a queue, whose off-heap memory lives in {@code arena}. */
  KernelCalls(cl_command_queue queue, Arena arena) {
    this.queue = queue.getNativePointer();
    block = arena.allocate(JAVA_LONG, 1 + 2 * DIMENSIONS);
    value = block.address();
    global = value + Long.BYTES;
    local = global + DIMENSIONS * Long.BYTES;
  }

  /** Sets an argument to the lower {@code bytes} bytes of {@code bits}: 4 or 8. */
  void setArgument(long kernel, String name, int index, int bytes, long bits) {
    if (bytes == Integer.BYTES) {
      block.set(JAVA_INT, 0, (int) bits);
    } else {
      block.set(JAVA_LONG, 0, bits);
    }
    int status;
    try {
      status = (int) SET_ARGUMENT.invokeExact(kernel, index, (long) bytes, value);
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing", e);
    }
    if (status != CL.CL_SUCCESS) {
      throw Cl.failure("argument " + index + " of kernel " + name, Downcalls.exception(status));
    }
  }

  /** Enqueues a kernel over {@code x * y * z} work-items in groups of {@code group * 1 * 1}. */
  void enqueue(long kernel, String name, long x, long y, long z, long group) {
    block.setAtIndex(JAVA_LONG, 1, x);
    block.setAtIndex(JAVA_LONG, 2, y);
    block.setAtIndex(JAVA_LONG, 3, z);
    block.setAtIndex(JAVA_LONG, 4, group);
    block.setAtIndex(JAVA_LONG, 5, 1);
    block.setAtIndex(JAVA_LONG, 6, 1);
    int status;
    try {
      status = (int) ENQUEUE.invokeExact(queue, kernel, DIMENSIONS, 0L, global, local, 0, 0L, 0L);
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing", e);
    }
    if (status != CL.CL_SUCCESS) {
      throw Cl.failure("kernel " + name, Downcalls.exception(status));
    }
  }
}
