package dev.heed.opencl;

import dev.heed.device.DeviceException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jocl.cl_program;

/**
 * All calls of JOCL that make, use and release OpenCL's objects, with Java's types and exceptions.
 * Every object made is counted until it is released. {@link ClDevice} asks what there is.
 */
final class Cl {
  /** What is counted. */
  enum Kind {
    CONTEXT,
    QUEUE,
    BUFFER,
    PROGRAM,
    KERNEL,
    EVENT
  }

  private static final Map<Kind, AtomicInteger> LIVE = new EnumMap<>(Kind.class);

  static {
    for (Kind kind : Kind.values()) {
      LIVE.put(kind, new AtomicInteger());
    }
  }

  private Cl() {}

  /** Objects made and not yet released, by their kind. */
  static Map<Kind, Integer> live() {
    Map<Kind, Integer> now = new EnumMap<>(Kind.class);
    LIVE.forEach((kind, count) -> now.put(kind, count.get()));
    return now;
  }

  private static <T> T made(Kind kind, T object) {
    LIVE.get(kind).incrementAndGet();
    return object;
  }

  private static void released(Kind kind) {
    LIVE.get(kind).decrementAndGet();
  }

  static cl_context createContext(ClDevice device) {
    cl_context_properties platform = new cl_context_properties();
    platform.addProperty(CL.CL_CONTEXT_PLATFORM, device.platform());
    cl_device_id[] ids = {device.id()};
    try {
      return made(
          Kind.CONTEXT,
          SignalHandlers.kept(() -> CL.clCreateContext(platform, 1, ids, null, null, null)));
    } catch (CLException e) {
      throw new DeviceException.Unavailable(
          device.name() + " cannot be opened: " + status(e) + "; check the driver with clinfo", e);
    }
  }

  static void release(cl_context context) {
    CL.clReleaseContext(context);
    released(Kind.CONTEXT);
  }

  @SuppressWarnings("deprecation") // the call with properties came with OpenCL 2
  static cl_command_queue createQueue(cl_context context, cl_device_id device) {
    try {
      return made(Kind.QUEUE, CL.clCreateCommandQueue(context, device, 0, null));
    } catch (CLException e) {
      throw failure("creating a queue", e);
    }
  }

  static void release(cl_command_queue queue) {
    CL.clReleaseCommandQueue(queue);
    released(Kind.QUEUE);
  }

  /**
   * Memory of the device, or of the host where {@code host} is given: then OpenCL uses that memory
   * itself, from the start of {@code host} on.
   *
   * @param bytes at least 1; may exceed 2 GiB, and the capacity of {@code host}
   * @throws CLException if there is not so much memory
   */
  static cl_mem createBuffer(cl_context context, long bytes, ByteBuffer host) {
    long flags = CL.CL_MEM_READ_WRITE | (host == null ? 0 : CL.CL_MEM_USE_HOST_PTR);
    Pointer memory = host == null ? null : Pointer.to(host);
    return made(Kind.BUFFER, CL.clCreateBuffer(context, flags, bytes, memory, null));
  }

  static void release(cl_mem buffer) {
    CL.clReleaseMemObject(buffer);
    released(Kind.BUFFER);
  }

  /**
   * Memory of the host that the device reads and writes by itself.
   *
   * @param host mapped until {@link #unpin}
   */
  record Pinned(cl_mem buffer, ByteBuffer mapped, MemorySegment host) {}

  /**
   * Pins memory.
   *
   * @param bytes below 2 GiB
   * @throws CLException if the driver has none
   */
  static Pinned pin(cl_context context, cl_command_queue queue, long bytes) {
    long flags = CL.CL_MEM_READ_WRITE | CL.CL_MEM_ALLOC_HOST_PTR;
    cl_mem buffer = made(Kind.BUFFER, CL.clCreateBuffer(context, flags, bytes, null, null));
    try {
      long access = CL.CL_MAP_READ | CL.CL_MAP_WRITE;
      ByteBuffer mapped =
          CL.clEnqueueMapBuffer(queue, buffer, true, access, 0, bytes, 0, null, null, null);
      return new Pinned(buffer, mapped, MemorySegment.ofBuffer(mapped));
    } catch (CLException e) {
      release(buffer);
      throw e;
    }
  }

  /** Gives pinned memory back, after all that uses it. */
  static void unpin(cl_command_queue queue, Pinned memory) {
    try {
      CL.clEnqueueUnmapMemObject(queue, memory.buffer(), memory.mapped(), 0, null, null);
      finish(queue);
    } finally {
      release(memory.buffer());
    }
  }

  /** An event that comes when all that was enqueued before has been done. */
  static cl_event marker(cl_command_queue queue) {
    try {
      cl_event event = new cl_event();
      CL.clEnqueueMarkerWithWaitList(queue, 0, null, event);
      return made(Kind.EVENT, event);
    } catch (CLException e) {
      throw failure("a marker", e);
    }
  }

  /** Waits for an event, and releases it. */
  static void await(cl_event event) {
    try {
      CL.clWaitForEvents(1, new cl_event[] {event});
    } catch (CLException e) {
      throw failure("work of a queue", e);
    } finally {
      release(event);
    }
  }

  static void release(cl_event event) {
    CL.clReleaseEvent(event);
    released(Kind.EVENT);
  }

  static void flush(cl_command_queue queue) {
    CL.clFlush(queue);
  }

  static void finish(cl_command_queue queue) {
    try {
      CL.clFinish(queue);
    } catch (CLException e) {
      throw failure("work of a queue", e);
    }
  }

  /**
   * Builds a program from source.
   *
   * @throws CLException if it does not compile; {@code log} then has the compiler's messages
   */
  static cl_program build(
      cl_context context, cl_device_id device, String source, String options, StringBuilder log) {
    String[] sources = {source};
    return build(
        CL.clCreateProgramWithSource(context, 1, sources, null, null), device, options, log);
  }

  /**
   * A program from a binary that {@link #binary} gave.
   *
   * @throws CLException if the driver does not take it
   */
  static cl_program load(
      cl_context context, cl_device_id device, byte[] binary, String options, StringBuilder log) {
    cl_device_id[] ids = {device};
    long[] sizes = {binary.length};
    byte[][] binaries = {binary};
    cl_program program = CL.clCreateProgramWithBinary(context, 1, ids, sizes, binaries, null, null);
    return build(program, device, options, log);
  }

  private static cl_program build(
      cl_program program, cl_device_id device, String options, StringBuilder log) {
    cl_device_id[] ids = {device};
    try {
      SignalHandlers.kept(() -> CL.clBuildProgram(program, 1, ids, options, null, null));
      return made(Kind.PROGRAM, program);
    } catch (CLException e) {
      log.append(buildLog(program, device));
      CL.clReleaseProgram(program);
      throw e;
    }
  }

  private static String buildLog(cl_program program, cl_device_id device) {
    long[] size = new long[1];
    CL.clGetProgramBuildInfo(program, device, CL.CL_PROGRAM_BUILD_LOG, 0, null, size);
    byte[] text = new byte[Math.toIntExact(size[0])];
    CL.clGetProgramBuildInfo(
        program, device, CL.CL_PROGRAM_BUILD_LOG, text.length, Pointer.to(text), null);
    return new String(text, StandardCharsets.UTF_8).replace("\0", "").strip();
  }

  /** A built program as bytes, for {@link #load}; empty if the driver gives none. */
  static byte[] binary(cl_program program) {
    long[] size = new long[1];
    CL.clGetProgramInfo(program, CL.CL_PROGRAM_BINARY_SIZES, Sizeof.size_t, Pointer.to(size), null);
    byte[] binary = new byte[Math.toIntExact(size[0])];
    if (binary.length > 0) {
      Pointer binaries = Pointer.to(Pointer.to(binary));
      CL.clGetProgramInfo(program, CL.CL_PROGRAM_BINARIES, Sizeof.POINTER, binaries, null);
    }
    return binary;
  }

  static void release(cl_program program) {
    CL.clReleaseProgram(program);
    released(Kind.PROGRAM);
  }

  static cl_kernel createKernel(cl_program program, String name) {
    try {
      return made(Kind.KERNEL, CL.clCreateKernel(program, name, null));
    } catch (CLException e) {
      throw new DeviceException.KernelBuild("kernel " + name + ": " + status(e), e);
    }
  }

  /** Work-items of a group along the first dimension, which the kernel itself prescribes. */
  static int groupSize(cl_kernel kernel, cl_device_id device) {
    long[] sizes = new long[3];
    CL.clGetKernelWorkGroupInfo(
        kernel,
        device,
        CL.CL_KERNEL_COMPILE_WORK_GROUP_SIZE,
        3L * Sizeof.size_t,
        Pointer.to(sizes),
        null);
    return Math.toIntExact(sizes[0]);
  }

  static void release(cl_kernel kernel) {
    CL.clReleaseKernel(kernel);
    released(Kind.KERNEL);
  }

  /** What OpenCL calls the failure: {@code CL_OUT_OF_RESOURCES}. */
  static String status(CLException e) {
    return CL.stringFor_errorCode(e.getStatus());
  }

  /** True if the device, or the host for it, has not the memory. */
  static boolean isOutOfMemory(CLException e) {
    return switch (e.getStatus()) {
      case CL.CL_MEM_OBJECT_ALLOCATION_FAILURE,
          CL.CL_OUT_OF_RESOURCES,
          CL.CL_OUT_OF_HOST_MEMORY,
          CL.CL_INVALID_BUFFER_SIZE ->
          true;
      default -> false;
    };
  }

  /** What to throw where a call for {@code what} failed. */
  static DeviceException failure(String what, CLException e) {
    if (isOutOfMemory(e)) {
      return new DeviceException.OutOfMemory(
          "opencl: %s fails with %s: use a smaller model or a shorter context"
              .formatted(what, status(e)));
    }
    return new DeviceException.Lost(
        "opencl: %s fails with %s: the device is lost, open it anew".formatted(what, status(e)), e);
  }
}
