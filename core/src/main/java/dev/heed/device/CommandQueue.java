package dev.heed.device;

import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * An in-order queue of work on one device. It serves one thread at a time, which may change between
 * calls. Ops that reach it are valid and supported: {@code Ops} sees to that.
 */
public interface CommandQueue extends AutoCloseable {
  /** The device that opened it. */
  Device device();

  /**
   * Whether the device works beside the host: enqueuing returns before the work is done. By default
   * it does not.
   */
  default boolean isAsynchronous() {
    return false;
  }

  /** Enqueues one op: no allocation, no host copy, no wait. */
  void execute(Op op);

  /**
   * Copies dense row-major bytes to a row-major tensor (whose rows may have gaps). The host memory
   * may be reused when this returns; other queues see the bytes after {@link #synchronize}.
   *
   * @throws IllegalArgumentException if the sizes differ
   */
  void upload(MemorySegment host, Tensor to);

  /**
   * Copies a tensor to dense row-major bytes, which are valid after {@link #synchronize}. A packed
   * weight comes back in its logical layout and type.
   *
   * @throws IllegalArgumentException if the sizes differ
   */
  void download(Tensor from, MemorySegment host);

  /**
   * Waits for all that was enqueued.
   *
   * @throws DeviceException for a failure of any of it
   */
  void synchronize();

  /**
   * Records ops without executing them; buffers never move. This default keeps the list and
   * executes it anew.
   */
  default Recording record(List<Op> ops) {
    List<Op> kept = List.copyOf(ops);
    return new Recording() {
      @Override
      public void replay() {
        for (int i = 0; i < kept.size(); i++) {
          execute(kept.get(i));
        }
      }

      @Override
      public void close() {}
    };
  }

  /**
   * Builds what these ops need before they are executed for the first time, side by side. This
   * default leaves that to {@link #execute}.
   */
  default void prepare(List<Op> ops) {}

  /** Waits for running work and frees the queue; twice is harmless. */
  @Override
  void close();
}
