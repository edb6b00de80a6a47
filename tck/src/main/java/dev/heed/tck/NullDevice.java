package dev.heed.tck;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceInfo;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A device without memory that computes nothing and remembers what it was asked: for tests of what
 * lies above devices, and for tensors of which only shape and type matter.
 */
public final class NullDevice implements Device {
  private static final DeviceInfo INFO =
      new DeviceInfo(
          "null",
          0,
          "nothing",
          DeviceInfo.Kind.CPU,
          Long.MAX_VALUE,
          Long.MAX_VALUE,
          Set.of(DType.F32, DType.F16, DType.BF16),
          "none");

  private final Predicate<Op> supported;
  private final List<Op> executed = new ArrayList<>();

  /** A device that takes every op. */
  public NullDevice() {
    this(op -> true);
  }

  /** A device that takes the ops {@code supported} says. */
  public NullDevice(Predicate<Op> supported) {
    this.supported = supported;
  }

  /** The ops executed so far, in order. */
  public List<Op> executed() {
    return List.copyOf(executed);
  }

  /** A tensor of this device. */
  public Tensor tensor(Arena owner, DType dtype, long... dims) {
    dev.heed.tensor.Shape shape = dev.heed.tensor.Shape.of(dims);
    long bytes = dtype.bytes(shape.elements());
    return Tensor.of(allocate(bytes, Usage.STATE, owner), 0, shape, dtype);
  }

  @Override
  public DeviceInfo info() {
    return INFO;
  }

  @Override
  public DeviceBuffer allocate(long bytes, Usage usage, Arena owner) {
    return new Nothing(this, bytes, owner.allocate(0));
  }

  @Override
  public boolean supports(Op op) {
    return supported.test(op);
  }

  @Override
  public long scratchBytes(Op op) {
    return 0;
  }

  @Override
  public Tensor pack(HostWeight weight, CommandQueue queue, Arena owner) {
    DeviceBuffer buffer = allocate(packedBytes(weight), Usage.WEIGHTS, owner);
    return new Tensor(
        buffer, 0, weight.shape(), weight.shape().dim(1), weight.dtype(), Layout.DEVICE);
  }

  @Override
  public long packedBytes(HostWeight weight) {
    return weight.dtype().bytes(weight.shape().elements());
  }

  @Override
  public CommandQueue openQueue(long scratchBytes, Arena owner) {
    return new NullQueue();
  }

  @Override
  public void close() {}

  private record Nothing(Device device, long byteSize, MemorySegment handle)
      implements DeviceBuffer {
    @Override
    public boolean equals(Object o) {
      return this == o;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  private final class NullQueue implements CommandQueue {
    @Override
    public Device device() {
      return NullDevice.this;
    }

    @Override
    public void execute(Op op) {
      executed.add(op);
    }

    @Override
    public void upload(MemorySegment host, Tensor to) {}

    @Override
    public void download(Tensor from, MemorySegment host) {}

    @Override
    public void synchronize() {}

    @Override
    public void close() {}
  }
}
