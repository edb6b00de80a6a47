package dev.heed.device;

/**
 * A sequence of ops that can be run again and again. What changes between runs lies in device
 * memory.
 */
public interface Recording extends AutoCloseable {
  /** Enqueues the recorded ops, in order, on the queue that recorded them. */
  void replay();

  /** Frees what the recording holds; twice is harmless. */
  @Override
  void close();
}
