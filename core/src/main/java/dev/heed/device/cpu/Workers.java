package dev.heed.device.cpu;

import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Threads that share the tasks of one job at a time with its caller. They are daemons, spin a
 * little for the next job and then park. A job allocates nothing.
 */
final class Workers implements AutoCloseable {
  /** One of a job's tasks. */
  interface Task {
    /**
     * Runs a task; it must not start another job.
     *
     * @param index from 0 to the number of tasks
     * @param worker number of the thread, from 0 to {@link Workers#count}
     */
    void run(int index, int worker);
  }

  /** Private scratch of a thread, in bytes. */
  static final int SCRATCH = 256 << 10;

  private static final long SPIN_NANOS = 40_000;

  private final ReentrantLock oneJob = new ReentrantLock();
  private final Arena arena = Arena.ofShared();
  private final long scratch;
  private final Thread[] threads;

  /** Number of the job (high half) and how many of its tasks nobody has taken (low half). */
  private final AtomicLong open = new AtomicLong();

  /** Tasks of the present job that are not finished. */
  private final AtomicInteger unfinished = new AtomicInteger();

  private final AtomicInteger parked = new AtomicInteger();
  private volatile Thread waiting;
  private volatile Throwable failure;
  private volatile boolean closed;

  // Written before a job opens, read by whoever took one of its tasks.
  private Task task;
  private int tasks;

  /** {@code count} threads, the caller's among them. */
  Workers(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("cpu: %d threads: want at least 1".formatted(count));
    }
    scratch = arena.allocate((long) count * SCRATCH, 256).address();
    threads = new Thread[count - 1];
    for (int i = 0; i < threads.length; i++) {
      int worker = i + 1;
      threads[i] =
          Thread.ofPlatform().daemon().name("heed-cpu-" + worker).unstarted(() -> serve(worker));
    }
    for (Thread t : threads) {
      t.start();
    }
  }

  /** Threads that run tasks, the caller's among them. */
  int count() {
    return threads.length + 1;
  }

  /** Address of {@link #SCRATCH} bytes that a task may use while it runs, aligned to 256. */
  long scratch(int worker) {
    return scratch + (long) worker * SCRATCH;
  }

  /**
   * Runs tasks 0 to {@code n}, in no fixed order, and waits for them. Callers on several threads
   * take turns.
   */
  void parallel(int n, Task job) {
    oneJob.lock();
    try {
      if (closed) {
        throw new IllegalStateException("cpu: the device is closed");
      }
      if (n <= 1 || threads.length == 0) {
        for (int i = 0; i < n; i++) {
          job.run(i, 0);
        }
        return;
      }
      share(n, job);
    } finally {
      oneJob.unlock();
    }
  }

  private void share(int n, Task job) {
    task = job;
    tasks = n;
    unfinished.set(n);
    open.set(((open.get() >>> 32) + 1) << 32 | n);
    if (parked.get() > 0) {
      for (Thread t : threads) {
        LockSupport.unpark(t);
      }
    }
    takeTasks(0);
    awaitFinish();
    task = null;
    Throwable t = failure;
    if (t != null) {
      failure = null;
      throw t instanceof RuntimeException e
          ? e
          : new IllegalStateException("cpu: a kernel failed: " + t, t);
    }
  }

  /** Runs open tasks until there is none. */
  private void takeTasks(int worker) {
    while (true) {
      long seen = open.get();
      int left = (int) seen;
      if (left == 0) {
        return;
      }
      // If the exchange succeeds, the job was still open when these two were read.
      Task job = task;
      int index = tasks - left;
      if (!open.compareAndSet(seen, seen - 1)) {
        continue;
      }
      try {
        job.run(index, worker);
      } catch (Throwable t) {
        failure = t;
      }
      if (unfinished.decrementAndGet() == 0) {
        LockSupport.unpark(waiting);
      }
    }
  }

  private void awaitFinish() {
    if (spin(true, 0)) {
      return;
    }
    waiting = Thread.currentThread();
    while (unfinished.get() != 0) {
      LockSupport.park(this);
    }
    waiting = null;
  }

  private void serve(int worker) {
    while (!closed) {
      long seen = open.get();
      if ((int) seen != 0) {
        takeTasks(worker);
      } else if (!spin(false, seen)) {
        parked.incrementAndGet();
        while (open.get() == seen && !closed) {
          LockSupport.park(this);
        }
        parked.decrementAndGet();
      }
    }
  }

  /** Spins a while for the job's end, or for the next job; false if it did not come. */
  private boolean spin(boolean end, long seen) {
    long from = System.nanoTime();
    do {
      for (int i = 0; i < 64; i++) {
        if (end ? unfinished.get() == 0 : open.get() != seen || closed) {
          return true;
        }
        Thread.onSpinWait();
      }
    } while (System.nanoTime() - from < SPIN_NANOS);
    return false;
  }

  /** Ends the threads, after the present job. Twice is harmless. */
  @Override
  public void close() {
    oneJob.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      for (Thread t : threads) {
        LockSupport.unpark(t);
      }
      for (Thread t : threads) {
        joinFully(t);
      }
      arena.close();
    } finally {
      oneJob.unlock();
    }
  }

  private static void joinFully(Thread t) {
    boolean interrupted = false;
    while (true) {
      try {
        t.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
