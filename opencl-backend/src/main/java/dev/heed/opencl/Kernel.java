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
 */
final class Kernel {
  private static final int MOST = 64;

  private final cl_command_queue queue;
  private final cl_kernel kernel;
  private final String name;
  private final int group;

  /** The arguments' values, 8 bytes each, where the driver reads them. */
  private final ByteBuffer values;

  private final Pointer[] pointers = new Pointer[MOST];

  /** Bits of the values, or serial numbers of the buffers, that the driver has. */
  private final long[] last = new long[MOST];

  private final long[] global = new long[3];
  private final long[] local = new long[3];
  private int next;
  private int set;

  /**
   * A kernel.
   *
   * @param group work-items of a group, all in the first dimension
   * @param arena where the arguments lie
   */
  Kernel(cl_command_queue queue, cl_kernel kernel, String name, int group, Arena arena) {
    this.queue = queue;
    this.kernel = kernel;
    this.name = name;
    this.group = group;
    local[0] = group;
    local[1] = 1;
    local[2] = 1;
    values = arena.allocate(8 * MOST, 8).asByteBuffer().order(ByteOrder.nativeOrder());
    Pointer start = Pointer.to(values);
    for (int i = 0; i < MOST; i++) {
      pointers[i] = start.withByteOffset(8L * i);
    }
  }

  /** One that takes arguments and does nothing with them. */
  static Kernel nothing(Arena arena) {
    return new Kernel(null, null, "nothing", 1, arena);
  }

  /** Begins anew with the first argument. */
  Kernel start() {
    next = 0;
    return this;
  }

  Kernel arg(int value) {
    values.putInt(8 * next, value);
    return done(value, 4);
  }

  Kernel arg(boolean value) {
    return arg(value ? 1 : 0);
  }

  Kernel arg(long value) {
    values.putLong(8 * next, value);
    return done(value, 8);
  }

  Kernel arg(float value) {
    values.putFloat(8 * next, value);
    return done(Float.floatToRawIntBits(value), 4);
  }

  Kernel buffer(OpenClBuffer buffer) {
    values.putLong(8 * next, buffer.memory().getNativePointer());
    return done(buffer.serial(), 8);
  }

  /** A null pointer. */
  Kernel noBuffer() {
    values.putLong(8 * next, 0);
    return done(0, 8);
  }

  private Kernel done(long bits, int bytes) {
    if (kernel != null && (next >= set || last[next] != bits)) {
      Cl.setArgument(kernel, name, next, bytes, pointers[next]);
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
    if (kernel != null) {
      Cl.launch(queue, kernel, name, global, local);
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
