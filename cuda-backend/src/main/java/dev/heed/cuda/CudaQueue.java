package dev.heed.cuda;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.Recording;
import dev.heed.op.Op;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A stream of its own, which waits for no other. */
final class CudaQueue implements CommandQueue {
  private final CudaDevice device;
  private final Cu cu;
  private final long stream;
  private final Staging staging;
  private final Launches launches;
  private volatile boolean pending;
  private volatile boolean closed;

  /** A queue; the device's context is current. */
  CudaQueue(CudaDevice device, DeviceBuffer scratch) {
    this.device = device;
    cu = device.cu();
    stream = cu.createStream();
    staging = new Staging(cu, stream);
    launches = new Launches(cu, device.programs(), stream, scratch.handle().address());
  }

  @Override
  public Device device() {
    return device;
  }

  Launches launches() {
    return launches;
  }

  long stream() {
    return stream;
  }

  @Override
  public boolean isAsynchronous() {
    return true;
  }

  @Override
  public void execute(Op op) {
    device.enter();
    pending = true;
    try {
      launches.execute(op);
    } catch (CuException e) {
      throw device.failure(op.name() + " " + op.outputs(), e);
    }
  }

  /** Enqueues launches that are no op. */
  void enqueue(String what, Runnable work) {
    device.enter();
    pending = true;
    try {
      work.run();
    } catch (CuException e) {
      throw device.failure(what, e);
    }
  }

  @Override
  public void upload(MemorySegment host, Tensor to) {
    requireSize(host, to);
    if (to.layout() != Layout.ROW_MAJOR) {
      throw new IllegalArgumentException("cuda: %s is in the device's own layout".formatted(to));
    }
    enqueue("upload of " + to, () -> transfer(host, to, true));
  }

  @Override
  public void download(Tensor from, MemorySegment host) {
    requireSize(host, from);
    if (from.layout() != Layout.ROW_MAJOR) {
      new WeightPacker(device, this).download(from, host);
      return;
    }
    enqueue("download of " + from, () -> transfer(host, from, false));
  }

  private static void requireSize(MemorySegment host, Tensor t) {
    if (host.byteSize() != t.byteSize()) {
      throw new IllegalArgumentException(
          "cuda: %s has %d bytes, the host memory %d".formatted(t, t.byteSize(), host.byteSize()));
    }
  }

  /** Copies between dense bytes and a row-major tensor, row by row if it has gaps. */
  private void transfer(MemorySegment host, Tensor t, boolean up) {
    boolean dense = t.isDense();
    long rows = dense ? 1 : t.shape().dim(0);
    long bytes = dense ? t.byteSize() : t.dtype().bytes(t.shape().rowElements());
    long stride = dense ? 0 : t.dtype().bytes(t.rowStride());
    for (long i = 0; i < rows; i++) {
      MemorySegment row = host.asSlice(i * bytes, bytes);
      long at = Arguments.address(t) + i * stride;
      if (up) {
        staging.upload(row, at);
      } else {
        staging.download(at, row);
      }
    }
  }

  /** Bytes to an address of the device. */
  void uploadBytes(MemorySegment host, long to) {
    enqueue("upload of %d bytes".formatted(host.byteSize()), () -> staging.upload(host, to));
  }

  /** Bytes from an address of the device, valid after {@link #synchronize}. */
  void downloadBytes(long from, MemorySegment host) {
    enqueue("download of %d bytes".formatted(host.byteSize()), () -> staging.download(from, host));
  }

  @Override
  public void synchronize() {
    device.enter();
    try {
      cu.synchronizeStream(stream);
    } catch (CuException e) {
      throw device.failure("waiting for enqueued ops", e);
    }
    pending = false;
    staging.arrive();
  }

  /** Waits if there is work, from any thread; the caller holds the device's lock. */
  void awaitStream() {
    if (pending) {
      cu.synchronizeStream(stream);
    }
  }

  @Override
  public Recording record(List<Op> ops) {
    synchronized (device.lock()) {
      device.enter();
      try {
        return CudaRecording.capture(this, cu, ops);
      } catch (CuException e) {
        throw device.failure("recording %d ops".formatted(ops.size()), e);
      }
    }
  }

  /** Launches a graph of so many ops. */
  void replay(long executable, int ops) {
    device.enter();
    pending = true;
    try {
      cu.launchGraph(executable, stream);
    } catch (CuException e) {
      throw device.failure("replaying %d ops".formatted(ops), e);
    }
  }

  /** Frees a graph once it has run. */
  void release(long executable) {
    synchronized (device.lock()) {
      if (device.isOpen()) {
        device.enter();
        awaitStream();
        cu.destroyExecutable(executable);
      }
    }
  }

  @Override
  public void close() {
    synchronized (device.lock()) {
      if (closed) {
        return;
      }
      closed = true;
      device.closed(this);
      if (device.isOpen()) {
        device.enter();
        try {
          cu.synchronizeStream(stream);
          staging.arrive();
          staging.close();
          cu.destroyStream(stream);
        } catch (CuException e) {
          throw device.failure("closing a queue", e);
        }
      }
    }
  }
}
