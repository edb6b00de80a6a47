package dev.heed.tck;

import static dev.heed.tck.AssertingDevice.require;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.Recording;
import dev.heed.op.Op;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** A queue of an {@link AssertingDevice}. */
final class AssertingQueue implements CommandQueue {
  private final AssertingDevice device;
  private final CommandQueue queue;
  private final long scratchBytes;
  private final AtomicReference<Thread> user = new AtomicReference<>();
  private volatile boolean closed;

  AssertingQueue(AssertingDevice device, CommandQueue queue, long scratchBytes) {
    this.device = device;
    this.queue = queue;
    this.scratchBytes = scratchBytes;
    require(queue.device() == device.behind(), "openQueue: the queue names another device");
  }

  /** The queue behind, for a call that uses it. */
  CommandQueue behind(String what) {
    requireOpen(what);
    return queue;
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public boolean isAsynchronous() {
    return queue.isAsynchronous();
  }

  @Override
  public void execute(Op op) {
    requireOp("execute", op);
    alone("execute", () -> device.whileExecuting(() -> queue.execute(op)));
  }

  @Override
  public void upload(MemorySegment host, Tensor to) {
    requireTransfer("upload", to, host);
    require(to.layout() == Layout.ROW_MAJOR, "upload: %s is in the device's own layout", to);
    alone("upload", () -> queue.upload(host, to));
  }

  @Override
  public void download(Tensor from, MemorySegment host) {
    requireTransfer("download", from, host);
    alone("download", () -> queue.download(from, host));
  }

  @Override
  public void synchronize() {
    requireOpen("synchronize");
    alone("synchronize", queue::synchronize);
  }

  @Override
  public Recording record(List<Op> ops) {
    ops.forEach(op -> requireOp("record", op));
    Recording[] made = new Recording[1];
    alone("record", () -> made[0] = queue.record(ops));
    return new AssertingRecording(made[0], List.copyOf(ops));
  }

  @Override
  public void close() {
    closed = true;
    alone("close", queue::close);
  }

  private void requireOpen(String what) {
    device.requireOpen(what);
    require(!closed, "%s: the queue is closed", what);
  }

  private void requireOp(String what, Op op) {
    requireOpen(what);
    op.outputs().forEach(t -> requireAlive(what + ": " + op.name(), t));
    op.inputs().forEach(t -> requireAlive(what + ": " + op.name(), t));
    require(device.supports(op), "%s: the device does not support %s", what, op.name());
    long wanted = device.scratchBytes(op);
    require(
        wanted <= scratchBytes,
        "%s: %s wants %d bytes of scratch, the queue has %d",
        what,
        op.name(),
        wanted,
        scratchBytes);
  }

  private void requireAlive(String what, Tensor t) {
    require(t.buffer().handle().scope().isAlive(), "%s: the memory of %s is freed", what, t);
    require(t.buffer().device() == device.behind(), "%s: %s is on another device", what, t);
  }

  private void requireTransfer(String what, Tensor t, MemorySegment host) {
    requireOpen(what);
    requireAlive(what, t);
    require(
        host.byteSize() == t.byteSize(),
        "%s: %s wants %d bytes, the host's segment has %d",
        what,
        t,
        t.byteSize(),
        host.byteSize());
  }

  /** Runs work that no other thread may join. */
  private void alone(String what, Runnable work) {
    Thread me = Thread.currentThread();
    Thread other = user.compareAndExchange(null, me);
    require(
        other == null || other == me,
        "%s: another thread, %s, is using the queue",
        what,
        other == null ? "" : other.getName());
    try {
      work.run();
    } finally {
      if (other == null) {
        user.set(null);
      }
    }
  }

  private final class AssertingRecording implements Recording {
    private final Recording recording;
    private final List<Op> ops;
    private volatile boolean closed;

    AssertingRecording(Recording recording, List<Op> ops) {
      this.recording = recording;
      this.ops = ops;
    }

    @Override
    public void replay() {
      require(!closed, "replay: the recording is closed");
      ops.forEach(op -> requireOp("replay", op));
      alone("replay", () -> device.whileExecuting(recording::replay));
    }

    @Override
    public void close() {
      closed = true;
      alone("close", recording::close);
    }
  }
}
