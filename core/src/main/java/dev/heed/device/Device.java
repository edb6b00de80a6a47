package dev.heed.device;

import dev.heed.op.Op;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;

/**
 * A device: allocates memory, says which ops it has, lays weights out as its kernels like them,
 * opens queues. Safe for use by many threads; its queues are not.
 */
public interface Device extends AutoCloseable {
  /** What it is. */
  DeviceInfo info();

  /**
   * Allocates uninitialised memory, aligned to 256 bytes, which lives until {@code owner} closes.
   *
   * @param owner a shared arena
   * @throws DeviceException.OutOfMemory with the bytes asked for and free
   */
  DeviceBuffer allocate(long bytes, Usage usage, Arena owner);

  /**
   * Whether it executes this op: a pure function of shapes, types, layouts and attributes. Every
   * primitive in F32, at least.
   */
  boolean supports(Op op);

  /**
   * Private scratch a kernel for this op wants from its queue, in bytes: pure. Enough also for the
   * same op with fewer rows, sequences, queries or keys, so that a plan of the largest step holds.
   */
  long scratchBytes(Op op);

  /**
   * A weight in the device's own layout, of logical shape [N, K]; it lives until {@code owner}
   * closes. The host's parts are read when the queue has been synchronised.
   */
  Tensor pack(HostWeight weight, CommandQueue queue, Arena owner);

  /** Bytes that {@link #pack} would allocate: pure. */
  long packedBytes(HostWeight weight);

  /**
   * The layout {@link #pack} gives this weight: pure. Row-major where the device has no better one
   * for its use.
   */
  default Layout packedLayout(HostWeight weight) {
    return Layout.DEVICE;
  }

  /** An in-order queue with {@code scratchBytes} for its kernels. */
  CommandQueue openQueue(long scratchBytes, Arena owner);

  /** Is told of programs that are built before something can run for the first time. */
  @FunctionalInterface
  interface BuildListener {
    /** So many of all are built; calls come from several threads, and not always in order. */
    void built(int done, int all);
  }

  /** From now on tells a listener when programs are built. This default builds none. */
  default void onBuild(BuildListener listener) {}

  /** What times the numbers in its kernels, if they are to be chosen. */
  default Optional<Tuner> tuner() {
    return Optional.empty();
  }

  /**
   * Frees the device; buffers whose arenas are still open must not be used any more. Twice is
   * harmless.
   */
  @Override
  void close();
}
