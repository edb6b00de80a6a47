package dev.heed.tck;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceInfo;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tck.reference.Reference;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;

/**
 * A device that runs every op through the reference and rounds the results: what a perfect device
 * with 16-bit types would give, so that cases and tolerances no real device here offers are tried.
 */
final class ReferenceDevice implements Device {
  @Override
  public DeviceInfo info() {
    return new DeviceInfo(
        "reference",
        0,
        "F64 arithmetic",
        DeviceInfo.Kind.CPU,
        Runtime.getRuntime().maxMemory(),
        Integer.MAX_VALUE,
        Set.of(DType.F32, DType.F16, DType.BF16),
        "none");
  }

  /** New memory is NaN, or -1. */
  @Override
  public DeviceBuffer allocate(long bytes, Usage usage, Arena owner) {
    MemorySegment memory = owner.allocate(Math.max(bytes, 1), 256);
    return new Memory(this, bytes, memory.fill((byte) 0xff));
  }

  private record Memory(Device device, long byteSize, MemorySegment handle)
      implements DeviceBuffer {
    @Override
    public Optional<MemorySegment> host() {
      return Optional.of(handle);
    }

    @Override
    public boolean equals(Object o) {
      return this == o;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  private static MemorySegment memory(Tensor t) {
    return t.buffer().handle();
  }

  @Override
  public boolean supports(Op op) {
    return true;
  }

  @Override
  public long scratchBytes(Op op) {
    return 0;
  }

  @Override
  public Tensor pack(HostWeight weight, CommandQueue queue, Arena owner) {
    DeviceBuffer buffer = allocate(packedBytes(weight), Usage.WEIGHTS, owner);
    buffer.handle().copyFrom(Numbers.logical(weight));
    return Tensor.of(buffer, 0, weight.shape(), weight.dtype());
  }

  @Override
  public long packedBytes(HostWeight weight) {
    return weight.dtype().bytes(weight.shape().elements());
  }

  @Override
  public CommandQueue openQueue(long scratchBytes, Arena owner) {
    return new Queue();
  }

  @Override
  public void close() {}

  private final class Queue implements CommandQueue {
    @Override
    public Device device() {
      return ReferenceDevice.this;
    }

    @Override
    public void execute(Op op) {
      Reference.of(op, t -> Numbers.read(t, memory(t)))
          .forEach((t, values) -> Numbers.scatter(Numbers.of(t.dtype(), values), memory(t), t));
    }

    @Override
    public void upload(MemorySegment host, Tensor to) {
      Numbers.scatter(host, memory(to), to);
    }

    @Override
    public void download(Tensor from, MemorySegment host) {
      Numbers.gather(from, memory(from), host);
    }

    @Override
    public void synchronize() {}

    @Override
    public void close() {}
  }
}
