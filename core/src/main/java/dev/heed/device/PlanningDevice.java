package dev.heed.device;

import dev.heed.op.Op;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Stands in for a real device and counts what the same code would allocate on it: nothing is
 * allocated, copied or executed. Whether ops are supported, their scratch and the size of packed
 * weights are the real device's answers.
 */
public final class PlanningDevice implements Device {
  private final Device real;
  private final Map<Usage, Long> bytes = new EnumMap<>(Usage.class);
  private long scratch;

  /** A stand-in for {@code real}. */
  public PlanningDevice(Device real) {
    this.real = real;
  }

  /** Bytes allocated so far for this use. */
  public long bytes(Usage usage) {
    return bytes.getOrDefault(usage, 0L);
  }

  /** The most scratch any executed or recorded op wanted. */
  public long scratchBytes() {
    return scratch;
  }

  @Override
  public DeviceInfo info() {
    return real.info();
  }

  @Override
  public DeviceBuffer allocate(long size, Usage usage, Arena owner) {
    count(usage, size);
    return new Phantom(this, size);
  }

  @Override
  public boolean supports(Op op) {
    return real.supports(op);
  }

  @Override
  public long scratchBytes(Op op) {
    return real.scratchBytes(op);
  }

  /**
   * Counts the packed weight.
   *
   * @throws DeviceException.OutOfMemory if it is larger than the device's largest allocation
   */
  @Override
  public Tensor pack(HostWeight weight, CommandQueue queue, Arena owner) {
    long size = real.packedBytes(weight);
    if (size > real.info().maxAllocationBytes()) {
      throw new DeviceException.OutOfMemory(
          "%s: %s %s takes %d bytes on %s, whose largest allocation is %d"
              .formatted(
                  weight.name(),
                  weight.dtype(),
                  weight.shape(),
                  size,
                  info().id(),
                  info().maxAllocationBytes()));
    }
    count(Usage.WEIGHTS, size);
    Shape shape = weight.shape();
    return new Tensor(
        new Phantom(this, size),
        0,
        shape,
        shape.rowElements(),
        weight.dtype(),
        packedLayout(weight));
  }

  @Override
  public long packedBytes(HostWeight weight) {
    return real.packedBytes(weight);
  }

  @Override
  public Layout packedLayout(HostWeight weight) {
    return real.packedLayout(weight);
  }

  @Override
  public CommandQueue openQueue(long scratchBytes, Arena owner) {
    return new Queue();
  }

  @Override
  public void close() {}

  private void count(Usage usage, long size) {
    bytes.merge(usage, size, Math::addExact);
  }

  private record Phantom(Device device, long byteSize) implements DeviceBuffer {
    @Override
    public MemorySegment handle() {
      return MemorySegment.NULL;
    }
  }

  private final class Queue implements CommandQueue {
    @Override
    public Device device() {
      return PlanningDevice.this;
    }

    @Override
    public void execute(Op op) {
      scratch = Math.max(scratch, real.scratchBytes(op));
    }

    @Override
    public void upload(MemorySegment host, Tensor to) {}

    @Override
    public void download(Tensor from, MemorySegment host) {}

    @Override
    public void synchronize() {}

    @Override
    public Recording record(List<Op> ops) {
      ops.forEach(this::execute);
      return CommandQueue.super.record(List.of());
    }

    @Override
    public void close() {}
  }
}
