package dev.heed.cuda;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceException;
import dev.heed.device.DeviceInfo;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** An NVIDIA GPU, in its primary context. */
final class CudaDevice implements Device {
  private final Cu cu;
  private final DeviceInfo info;
  private final long context;
  private final DeviceMemory memory;
  private final Programs programs;
  private final Set<CudaQueue> queues = ConcurrentHashMap.newKeySet();
  private final Object lock = new Object();
  private volatile DeviceException.Lost lost;
  private volatile boolean closed;

  /**
   * Opens a GPU.
   *
   * @throws DeviceException.Unavailable if the driver refuses, or there are no kernels for it
   */
  CudaDevice(Cu cu, DeviceInfo info, KernelImage image, Options options) {
    this.cu = cu;
    this.info = info;
    try {
      context = cu.retainContext(info.index());
    } catch (CuException e) {
      throw new DeviceException.Unavailable(info.id() + ": " + e.getMessage(), e);
    }
    try {
      cu.makeCurrent(context);
      programs = new Programs(cu, info, image, options);
      memory = new DeviceMemory(this, cu, cu.attribute(info.index(), Cu.MEMORY_POOLS) != 0);
    } catch (RuntimeException e) {
      cu.releaseContext(info.index());
      throw e instanceof CuException
          ? new DeviceException.Unavailable(info.id() + ": " + e.getMessage(), e)
          : e;
    }
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  Cu cu() {
    return cu;
  }

  Programs programs() {
    return programs;
  }

  DeviceMemory memory() {
    return memory;
  }

  /** Held while memory moves and while a queue captures, which each other would break. */
  Object lock() {
    return lock;
  }

  /** Neither closed nor lost: what it holds can be freed. */
  boolean isOpen() {
    return !closed && lost == null;
  }

  /**
   * Makes the context current on this thread.
   *
   * @throws DeviceException.Lost if the device failed before
   */
  void enter() {
    if (lost != null) {
      throw new DeviceException.Lost(lost.getMessage(), lost);
    }
    if (closed) {
      throw new DeviceException.Unavailable(info.id() + " is closed");
    }
    cu.makeCurrent(context);
  }

  /** What a failure means; after a sticky one the device is lost. */
  DeviceException failure(String doing, CuException e) {
    String message = "%s: %s, %s".formatted(info.id(), doing, e.getMessage());
    if (e.isSticky()) {
      lost = new DeviceException.Lost(message + "; close the device and open it again", e);
      return lost;
    }
    return e.code() == CuException.OUT_OF_MEMORY
        ? new DeviceException.OutOfMemory(message)
        : new DeviceException.Unavailable(message, e);
  }

  /** Waits for all queues with work; the caller holds the lock. */
  void awaitQueues() {
    for (CudaQueue queue : queues) {
      queue.awaitStream();
    }
  }

  @Override
  @SuppressWarnings("restricted")
  public DeviceBuffer allocate(long bytes, Usage usage, Arena owner) {
    if (bytes < 0) {
      throw new IllegalArgumentException("cuda: cannot allocate %d bytes".formatted(bytes));
    }
    long address = memory.allocate(bytes, usage);
    MemorySegment handle =
        MemorySegment.ofAddress(address).reinterpret(owner, s -> memory.free(address));
    return new CudaBuffer(this, bytes, handle);
  }

  @Override
  public boolean supports(Op op) {
    return Support.has(op);
  }

  @Override
  public long scratchBytes(Op op) {
    return Scratch.bytes(op);
  }

  @Override
  public Tensor pack(HostWeight weight, CommandQueue queue, Arena owner) {
    DeviceBuffer buffer = allocate(packedBytes(weight), Usage.WEIGHTS, owner);
    return new WeightPacker(this, (CudaQueue) queue).pack(weight, buffer, packedLayout(weight));
  }

  /** Tables for Gather alone stay rows, all other weights become panels. */
  @Override
  public Layout packedLayout(HostWeight weight) {
    return weight.use() == Use.TABLE ? Layout.ROW_MAJOR : Layout.DEVICE;
  }

  @Override
  public long packedBytes(HostWeight weight) {
    return packedLayout(weight) == Layout.ROW_MAJOR
        ? weight.dtype().bytes(weight.shape().elements())
        : Panels.bytes(weight.dtype(), weight.shape().dim(0), weight.shape().dim(1));
  }

  @Override
  public CommandQueue openQueue(long scratchBytes, Arena owner) {
    CudaQueue queue;
    synchronized (lock) {
      enter();
      queue = new CudaQueue(this, allocate(scratchBytes, Usage.WORKSPACE, owner));
    }
    queues.add(queue);
    return queue;
  }

  void closed(CudaQueue queue) {
    queues.remove(queue);
  }

  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      try {
        if (lost == null) {
          enter();
          Set.copyOf(queues).forEach(CudaQueue::close);
          memory.close();
          programs.close();
        }
      } finally {
        closed = true;
        cu.releaseContext(info.index());
      }
    }
  }
}
