package dev.heed.opencl;

import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.util.Optional;
import org.jocl.cl_kernel;

/**
 * A kernel of one queue and its arguments, given one after the other from {@link #start} on; only
 * those that changed reach the driver. A launch makes no garbage.
 *
 * <p>One of a recording is given its arguments and range once, and launched again and again.
 */
final class Kernel {
  private static final int MOST = 64;

  private final KernelCalls calls;
  private final cl_kernel kernel;

  /** The driver's handle of it, 0 of one that does nothing. */
  private final long handle;

  private final String name;
  private final int group;

  /** Bits of the values, or serial numbers of the buffers, that the driver has. */
  private final long[] last = new long[MOST];

  private final boolean recorded;

  /** Of a long kernel, whose last argument is where it says that it has begun; else null. */
  private final SpinWait spinWait;

  private long x;
  private long y;
  private long z;
  private int next;
  private int set;

  /**
   * A kernel.
   *
   * @param calls of its queue
   * @param group work-items of a group, all in the first dimension
   * @param recorded whether {@link #run} leaves the work to {@link #launch}
   * @param spinWait of a long kernel where the driver's threads are kept awake for it, else null
   */
  Kernel(
      KernelCalls calls,
      cl_kernel kernel,
      String name,
      int group,
      boolean recorded,
      SpinWait spinWait) {
    this.calls = calls;
    this.kernel = kernel;
    handle = kernel == null ? 0 : kernel.getNativePointer();
    this.name = name;
    this.group = group;
    this.recorded = recorded;
    this.spinWait = spinWait;
  }

  /** One that takes arguments and does nothing with them. */
  static Kernel nothing() {
    return new Kernel(null, null, "nothing", 1, false, null);
  }

  /** Begins anew with the first argument. */
  Kernel start() {
    next = 0;
    return this;
  }

  Kernel arg(int value) {
    return set(value, value, 4);
  }

  Kernel arg(boolean value) {
    return arg(value ? 1 : 0);
  }

  Kernel arg(long value) {
    return set(value, value, 8);
  }

  Kernel arg(float value) {
    return arg(Float.floatToRawIntBits(value));
  }

  Kernel buffer(OpenClBuffer buffer) {
    return set(buffer.serial(), buffer.memory().getNativePointer(), 8);
  }

  /** A null pointer. */
  Kernel noBuffer() {
    return arg(0L);
  }

  /** Sets the next argument to {@code bits} unless it is known as {@code is} already. */
  private Kernel set(long is, long bits, int bytes) {
    if (kernel != null && (next >= set || last[next] != is)) {
      calls.setArgument(handle, name, next, bytes, bits);
      last[next] = is;
      set = Math.max(set, next + 1);
    }
    next++;
    return this;
  }

  /** A buffer and the offset of the first element: FLOATS or INTS in the kernels. */
  Kernel vector(Tensor t) {
    return buffer((OpenClBuffer) t.buffer()).arg(t.offset());
  }

  /** The same, or a null pointer. */
  Kernel vector(Optional<Tensor> t) {
    return t.isPresent() ? vector(t.get()) : noBuffer().arg(0L);
  }

  /** A tensor as vectors of its last dimension: INPUT or OUTPUT in the kernels. */
  Kernel view(Tensor t) {
    Shape s = t.shape();
    long length = s.rank() == 0 ? 1 : s.dim(-1);
    vector(t);
    if (s.rank() <= 1 || t.isDense()) {
      return arg(1).arg(length);
    }
    return arg(Math.toIntExact(t.shape().rowElements() / Math.max(1, length))).arg(t.rowStride());
  }

  /** The same, or a null pointer. */
  Kernel view(Optional<Tensor> t) {
    return t.isPresent() ? view(t.get()) : noBuffer().arg(0L).arg(1).arg(0L);
  }

  /** A tensor as rows, its indices of dimension 0; or as one row, if {@code flat}. */
  Kernel rows(Tensor t, boolean flat) {
    return vector(t).arg(1).arg(flat ? 0 : t.rowStride());
  }

  /** Enqueues at least x times y times z work-items: x is rounded up to whole groups. */
  void run(long x, long y, long z) {
    this.x = (x + group - 1) / group * group;
    this.y = y;
    this.z = z;
    if (spinWait != null) {
      buffer(spinWait.started());
    }
    if (kernel != null && !recorded) {
      launch();
    }
  }

  /** Enqueues the same once more. */
  void launch() {
    calls.enqueue(handle, name, x, y, z, group);
    if (spinWait != null) {
      spinWait.launched();
    }
  }

  /** Enqueues x times y times z groups. */
  void runGroups(long x, long y, long z) {
    run(x * group, y, z);
  }

  /** Enqueues a group for each row. */
  void runRows(long rows) {
    runGroups(rows, 1, 1);
  }

  void close() {
    Cl.release(kernel);
  }
}
