package dev.heed.tck;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceInfo;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A device that computes nothing and breaks the contract in one way. */
final class MisbehavingDevice implements Device {
  private final NullDevice nothing = new NullDevice();
  private Runnable work = () -> {};
  private long scratch;
  private long allocation = -1;

  /** Does this in each execute. */
  MisbehavingDevice whileExecuting(Runnable what) {
    work = what;
    return this;
  }

  /** Wants that much scratch for every op. */
  MisbehavingDevice scratch(long bytes) {
    scratch = bytes;
    return this;
  }

  /** Allocates that much, whatever is asked. */
  MisbehavingDevice allocating(long bytes) {
    allocation = bytes;
    return this;
  }

  @Override
  public DeviceInfo info() {
    return nothing.info();
  }

  @Override
  public DeviceBuffer allocate(long bytes, Usage usage, Arena owner) {
    MemorySegment handle = owner.allocate(0);
    long size = allocation >= 0 ? allocation : bytes;
    return new DeviceBuffer() {
      @Override
      public Device device() {
        return MisbehavingDevice.this;
      }

      @Override
      public long byteSize() {
        return size;
      }

      @Override
      public MemorySegment handle() {
        return handle;
      }
    };
  }

  @Override
  public boolean supports(Op op) {
    return true;
  }

  @Override
  public long scratchBytes(Op op) {
    return scratch;
  }

  @Override
  public Tensor pack(HostWeight weight, CommandQueue queue, Arena owner) {
    return nothing.pack(weight, queue, owner);
  }

  @Override
  public long packedBytes(HostWeight weight) {
    return nothing.packedBytes(weight);
  }

  @Override
  public CommandQueue openQueue(long scratchBytes, Arena owner) {
    return new CommandQueue() {
      @Override
      public Device device() {
        return MisbehavingDevice.this;
      }

      @Override
      public void execute(Op op) {
        work.run();
      }

      @Override
      public void upload(MemorySegment host, Tensor to) {}

      @Override
      public void download(Tensor from, MemorySegment host) {}

      @Override
      public void synchronize() {}

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() {}
}
