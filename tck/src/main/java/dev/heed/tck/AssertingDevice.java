package dev.heed.tck;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceInfo;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * A device that checks its caller and the device behind it against the contract of {@link Device}
 * and {@link CommandQueue}, and otherwise is the device behind it. Misuse is an {@link
 * AssertionError} that says what was done.
 */
public final class AssertingDevice implements Device {
  private static final long ALIGNMENT = 256;

  private final Device device;
  private final ThreadLocal<Boolean> executing = ThreadLocal.withInitial(() -> false);
  private volatile boolean closed;

  /** Checks all that goes to {@code device}. */
  public AssertingDevice(Device device) {
    this.device = device;
  }

  /** The device behind. */
  Device behind() {
    return device;
  }

  @Override
  public DeviceInfo info() {
    DeviceInfo info = device.info();
    require(
        info.computeTypes().contains(dev.heed.tensor.DType.F32), "info: F32 is no compute type");
    return info;
  }

  @Override
  public DeviceBuffer allocate(long bytes, Usage usage, Arena owner) {
    requireOpen("allocate");
    requireOwner("allocate", owner);
    require(bytes >= 0, "allocate: %d bytes", bytes);
    require(!executing.get(), "allocate: called while an op executes");
    DeviceBuffer buffer = device.allocate(bytes, usage, owner);
    require(buffer.byteSize() >= bytes, "allocate: got %d of %d bytes", buffer.byteSize(), bytes);
    require(buffer.device() == device, "allocate: the buffer names another device");
    require(buffer.handle().scope().isAlive(), "allocate: the buffer is freed already");
    buffer
        .host()
        .ifPresent(
            h -> {
              require(h.byteSize() >= bytes, "allocate: %d host bytes of %d", h.byteSize(), bytes);
              require(h.address() % ALIGNMENT == 0, "allocate: %x is not aligned", h.address());
            });
    return buffer;
  }

  @Override
  public boolean supports(Op op) {
    boolean first = device.supports(op);
    require(device.supports(op) == first, "supports: %s changes its mind", op.name());
    return first;
  }

  @Override
  public long scratchBytes(Op op) {
    long bytes = device.scratchBytes(op);
    require(bytes >= 0, "scratchBytes: %d for %s", bytes, op.name());
    require(device.scratchBytes(op) == bytes, "scratchBytes: %s changes its mind", op.name());
    return bytes;
  }

  @Override
  public Tensor pack(HostWeight weight, CommandQueue queue, Arena owner) {
    requireOpen("pack");
    requireOwner("pack", owner);
    require(
        queue instanceof AssertingQueue q && q.device() == this,
        "pack: the queue is of another device");
    Tensor t = device.pack(weight, ((AssertingQueue) queue).behind("pack"), owner);
    require(t.shape().equals(weight.shape()), "pack: %s became %s", weight.shape(), t.shape());
    require(t.dtype() == weight.dtype(), "pack: %s became %s", weight.dtype(), t.dtype());
    require(
        t.layout() != Layout.ROW_MAJOR || t.isDense(), "pack: %s is neither packed nor dense", t);
    require(
        t.layout() != Layout.ROUNDED || weight.use() == Use.ROUNDED,
        "pack: %s in fewer digits, for %s",
        t,
        weight.use());
    require(
        t.buffer().byteSize() <= packedBytes(weight),
        "pack: %s took %d bytes, packedBytes said %d",
        weight.name(),
        t.buffer().byteSize(),
        packedBytes(weight));
    return t;
  }

  @Override
  public long packedBytes(HostWeight weight) {
    long bytes = device.packedBytes(weight);
    require(bytes >= 0 && device.packedBytes(weight) == bytes, "packedBytes: %d, not pure", bytes);
    return bytes;
  }

  @Override
  public CommandQueue openQueue(long scratchBytes, Arena owner) {
    requireOpen("openQueue");
    requireOwner("openQueue", owner);
    require(scratchBytes >= 0, "openQueue: scratch of %d bytes", scratchBytes);
    return new AssertingQueue(this, device.openQueue(scratchBytes, owner), scratchBytes);
  }

  @Override
  public void close() {
    closed = true;
    device.close();
  }

  /** Runs what a queue executes; nothing may be allocated meanwhile. */
  void whileExecuting(Runnable work) {
    executing.set(true);
    try {
      work.run();
    } finally {
      executing.set(false);
    }
  }

  void requireOpen(String what) {
    require(!closed, "%s: the device is closed", what);
  }

  private static void requireOwner(String what, Arena owner) {
    require(owner.scope().isAlive(), "%s: the arena is closed", what);
    boolean shared = owner.allocate(0).isAccessibleBy(new Thread(() -> {}, "never started"));
    require(shared, "%s: the arena is confined to a thread, want a shared one", what);
  }

  static void require(boolean holds, String what, Object... args) {
    if (!holds) {
      throw new AssertionError(what.formatted(args));
    }
  }
}
