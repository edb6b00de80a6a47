package dev.heed.opencl;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.jocl.CL;
import org.jocl.cl_command_queue;
import org.jocl.cl_mem;

/**
 * The two calls that go around JOCL: copies that nobody waits for. JOCL starts a thread that waits
 * for each of them, and knows memory only as a {@code ByteBuffer}, which ends at 2 GiB.
 */
final class Copies {
  private static final MethodHandle WRITE = handle("clEnqueueWriteBuffer");
  private static final MethodHandle READ = handle("clEnqueueReadBuffer");

  private Copies() {}

  /** {@code cl_int f(queue, buffer, blocking, offset, size, host, events, event list, event)}. */
  private static MethodHandle handle(String name) {
    return Downcalls.function(
        name,
        FunctionDescriptor.of(
            JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT,
            JAVA_LONG, JAVA_LONG));
  }

  /** Enqueues a copy of off-heap memory to the buffer; waits for it if {@code wait}. */
  static void write(
      cl_command_queue queue, cl_mem to, long offset, MemorySegment host, boolean wait) {
    call(WRITE, "a transfer to the device", queue, to, offset, host, wait);
  }

  /** Enqueues a copy from the buffer to off-heap memory; waits for it if {@code wait}. */
  static void read(
      cl_command_queue queue, cl_mem from, long offset, MemorySegment host, boolean wait) {
    call(READ, "a transfer from the device", queue, from, offset, host, wait);
  }

  private static void call(
      MethodHandle handle,
      String what,
      cl_command_queue queue,
      cl_mem buffer,
      long offset,
      MemorySegment host,
      boolean wait) {
    if (host.byteSize() == 0) {
      return;
    }
    int status;
    try {
      status =
          (int)
              handle.invokeExact(
                  queue.getNativePointer(),
                  buffer.getNativePointer(),
                  wait ? 1 : 0,
                  offset,
                  host.byteSize(),
                  host.address(),
                  0,
                  0L,
                  0L);
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing", e);
    }
    if (status != CL.CL_SUCCESS) {
      throw Cl.failure(what, Downcalls.exception(status));
    }
  }
}
