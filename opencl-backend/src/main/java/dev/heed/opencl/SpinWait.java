package dev.heed.opencl;

import dev.heed.device.Usage;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicInteger;
import org.jocl.cl_command_queue;

/**
 * Keeps the threads of a processor's driver awake while a queue has work. PoCL's threads sleep as
 * soon as they find nothing to do, so between any two kernels, and take 20 us to wake up, as long
 * as a small product takes. Here a second queue gives them something to find: for each long kernel
 * a work-item that spins until that kernel begins, for at most 0.2 ms (spin.cl).
 *
 * <p>Nothing spins for the first kernel after a wait, whose threads have long been asleep, nor
 * while other queues of the device have work.
 */
final class SpinWait implements AutoCloseable {
  /** Rounds of about 35 ns. */
  private static final int MOST_ROUNDS = 6000;

  private static final Programs.Key SPIN = new Programs.Key("spin.cl", "");

  private final cl_command_queue queue;
  private final Programs programs;
  private final KernelCalls calls;
  private final OpenClBuffer started;
  private final AtomicInteger busyQueues;
  private final int threads;

  /** Null before it is wanted. */
  private Kernel spin;

  private int launched;
  private boolean busy;

  /**
   * Of a queue.
   *
   * @param programs where spin.cl comes from
   * @param busyQueues those of the device that have work
   * @param arena of the queue: its memory lies there
   */
  SpinWait(OpenClDevice device, Programs programs, AtomicInteger busyQueues, Arena arena) {
    this.programs = programs;
    this.busyQueues = busyQueues;
    threads = device.driver().computeUnits() - 1;
    started = (OpenClBuffer) device.allocate(Integer.BYTES, Usage.STATE, arena);
    started.host().orElseThrow().fill((byte) 0);
    queue = Cl.createQueue(device.context(), device.driver().id());
    calls = new KernelCalls(queue, arena);
  }

  /** Whether a device's threads want to be kept awake. */
  static boolean helps(ClDevice device) {
    return device.isCpu()
        && device.platformName().contains("Portable Computing Language")
        && device.computeUnits() > 1;
  }

  /** Where long kernels say that they have begun. */
  OpenClBuffer started() {
    return started;
  }

  /** A long kernel has been enqueued. */
  void launched() {
    launched++;
    if (!busy) {
      busy = true;
      busyQueues.incrementAndGet();
    } else if (busyQueues.get() == 1) {
      if (spin == null) {
        spin =
            new Kernel(calls, Cl.createKernel(programs.get(SPIN), "spin"), "spin", 1, false, null);
      }
      spin.start().buffer(started).arg(launched).arg(MOST_ROUNDS).run(threads, 1, 1);
    }
  }

  /** All that was enqueued is done. */
  void idle() {
    if (busy) {
      busy = false;
      busyQueues.decrementAndGet();
    }
  }

  @Override
  public void close() {
    idle();
    Cl.finish(queue);
    if (spin != null) {
      spin.close();
    }
    Cl.release(queue);
  }
}
