package dev.heed.cuda;

import java.lang.foreign.MemorySegment;

/**
 * The CUDA driver: its C functions with Java's types. Handles and device addresses are numbers.
 * Each throws {@link CuException} if the driver says no. Calls that concern a context want it
 * current on the calling thread.
 */
interface Cu {
  /** Of {@link #attribute}. */
  int MULTIPROCESSORS = 16;

  int CAPABILITY_MAJOR = 75;
  int CAPABILITY_MINOR = 76;
  int MEMORY_POOLS = 115;

  /**
   * Device memory.
   *
   * @param free bytes
   * @param total bytes
   */
  record MemoryInfo(long free, long total) {}

  /** The CUDA version the driver knows, as 1000 major + 10 minor. */
  int driverVersion();

  int deviceCount();

  String deviceName(int device);

  long totalMemory(int device);

  int attribute(int device, int attribute);

  /** The device's primary context, counted. */
  long retainContext(int device);

  void releaseContext(int device);

  void makeCurrent(long context);

  MemoryInfo memoryInfo();

  /** Stream-ordered memory; stream 0 gives memory for all streams, of devices without pools. */
  long allocate(long bytes, long stream);

  void free(long address, long stream);

  /** Page-locked memory of the host; its scope is global. */
  MemorySegment allocatePinned(long bytes);

  void freePinned(MemorySegment memory);

  /** Copies from the host, in the order of the stream. */
  void upload(long to, long host, long bytes, long stream);

  /** Copies to the host, in the order of the stream. */
  void download(long host, long from, long bytes, long stream);

  /** A stream that does not wait for the default one. */
  long createStream();

  void destroyStream(long stream);

  void synchronizeStream(long stream);

  /** An event without a time. */
  long createEvent();

  void recordEvent(long event, long stream);

  void synchronizeEvent(long event);

  void destroyEvent(long event);

  /** From now on this thread's work on the stream is captured and not done. */
  void beginCapture(long stream);

  /** Gives the graph of what was captured. */
  long endCapture(long stream);

  /** An executable graph. */
  long instantiate(long graph);

  void destroyGraph(long graph);

  void launchGraph(long executable, long stream);

  void destroyExecutable(long executable);

  /** Loads a fatbin, a cubin, or PTX that ends in a zero. */
  long loadModule(byte[] image);

  void unloadModule(long module);

  long function(long module, String name);

  /** Lets launches of a function have so much dynamic shared memory, beyond the usual 48 KiB. */
  void allowShared(long function, int bytes);

  /**
   * Writes a {@code CUtensorMap}, for Hopper's copy engine.
   *
   * @param to {@link TensorMap#BYTES} on a boundary of so many
   */
  void encodeTensorMap(MemorySegment to, TensorMap map);

  /**
   * Launches a kernel that takes one struct. A block's threads and the grid's blocks lie in {@code
   * shape}; nothing is allocated.
   *
   * @param arguments the struct, which may change when this returns
   * @param early it may begin before the kernel before it on the stream has ended, and waits for
   *     that itself
   */
  void launch(
      long function, LaunchShape shape, MemorySegment arguments, long stream, boolean early);
}
