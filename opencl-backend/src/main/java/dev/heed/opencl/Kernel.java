package dev.heed.opencl;

import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_kernel;

/**
 * A kernel of one queue and its arguments, given one after the other from {@link #start} on; only
 * those that changed reach the driver. A launch makes no garbage.
 *
 * <p>One of a recording is given its arguments and range once, and launched again and again.
 */
final class Kernel {
  private static final int MOST = 64;

  /**
   * Eight bytes out of which the driver copies an argument's value; all kernels of a queue share.
   */
  record Argument(ByteBuffer value, Pointer pointer) {
    static Argument in(Arena arena) {
      ByteBuffer value = arena.allocate(8, 8).asByteBuffer().order(ByteOrder.nativeOrder());
      return new Argument(value, Pointer.to(value));
    }
  }

  private final cl_command_queue queue;
  private final cl_kernel kernel;
  private final String name;
  private final int group;

  private final Argument argument;

  /** Bits of the values, or serial numbers of the buffers, that the driver has. */
  private final long[] last = new long[MOST];

  private final long[] global = new long[3];
  private final long[] local = new long[3];
  private final boolean recorded;
  private int next;
  private int set;

  /**
   * A kernel.
   *
   * @param group work-items of a group, all in the first dimension
   * @param recorded whether {@link #run} leaves the work to {@link #launch}
   * @param argument where the driver reads an argument's value
   */
  Kernel(
      cl_command_queue queue,
      cl_kernel kernel,
      String name,
      int group,
      boolean recorded,
      Argument argument) {
    this.queue = queue;
    this.kernel = kernel;
    this.name = name;
    this.group = group;
    local[0] = group;
    local[1] = 1;
    local[2] = 1;
    this.recorded = recorded;
    this.argument = argument;
  }

  /** One that takes arguments and does nothing with them. */
  static Kernel nothing(Argument argument) {
    return new Kernel(null, null, "nothing", 1, false, argument);
  }

  /** Begins anew with the first argument. */
  Kernel start() {
    next = 0;
    return this;
  }

  Kernel arg(int value) {
    argument.value().putInt(0, value);
    return done(value, 4);
  }

  Kernel arg(boolean value) {
    return arg(value ? 1 : 0);
  }

  Kernel arg(long value) {
    argument.value().putLong(0, value);
    return done(value, 8);
  }

  Kernel arg(float value) {
    argument.value().putFloat(0, value);
    return done(Float.floatToRawIntBits(value), 4);
  }

  Kernel buffer(OpenClBuffer buffer) {
    argument.value().putLong(0, buffer.memory().getNativePointer());
    return done(buffer.serial(), 8);
  }

  /** A null pointer. */
  Kernel noBuffer() {
    argument.value().putLong(0, 0);
    return done(0, 8);
  }

  private Kernel done(long bits, int bytes) {
    if (kernel != null && (next >= set || last[next] != bits)) {
      Cl.setArgument(kernel, name, next, bytes, argument.pointer());
      last[next] = bits;
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
    global[0] = (x + group - 1) / group * group;
    global[1] = y;
    global[2] = z;
    if (kernel != null && !recorded) {
      launch();
    }
  }

  /** Enqueues the same once more. */
  void launch() {
    Cl.launch(queue, kernel, name, global, local);
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
