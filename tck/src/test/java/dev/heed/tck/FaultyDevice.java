package dev.heed.tck;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceInfo;
import dev.heed.device.HostWeight;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;

/** A device that works, but for one fault. */
final class FaultyDevice implements Device {
  private final Device device;
  private final List<Class<?>> executed = new ArrayList<>();
  private BiConsumer<Op, Integer> fault = (op, n) -> {};
  private BiFunction<CommandQueue, List<Op>, Recording> recording;
  private Class<?> missing;

  FaultyDevice(Device device) {
    this.device = device;
  }

  /** Does this after each op; the number counts ops from 0. */
  void fault(BiConsumer<Op, Integer> afterOp) {
    fault = afterOp;
  }

  /** Makes recordings this way, given a queue without the fault. */
  void recording(BiFunction<CommandQueue, List<Op>, Recording> make) {
    recording = make;
  }

  /** Does not support this op. */
  void without(Class<?> op) {
    missing = op;
  }

  /** The classes of the ops executed. */
  List<Class<?>> executed() {
    return List.copyOf(executed);
  }

  @Override
  public DeviceInfo info() {
    return device.info();
  }

  @Override
  public DeviceBuffer allocate(long bytes, Usage usage, Arena owner) {
    return device.allocate(bytes, usage, owner);
  }

  @Override
  public boolean supports(Op op) {
    return op.getClass() != missing && device.supports(op);
  }

  @Override
  public long scratchBytes(Op op) {
    return device.scratchBytes(op);
  }

  @Override
  public Tensor pack(HostWeight weight, CommandQueue queue, Arena owner) {
    return device.pack(weight, ((FaultyQueue) queue).queue, owner);
  }

  @Override
  public long packedBytes(HostWeight weight) {
    return device.packedBytes(weight);
  }

  @Override
  public CommandQueue openQueue(long scratchBytes, Arena owner) {
    return new FaultyQueue(device.openQueue(scratchBytes, owner));
  }

  @Override
  public void close() {
    device.close();
  }

  private final class FaultyQueue implements CommandQueue {
    private final CommandQueue queue;

    FaultyQueue(CommandQueue queue) {
      this.queue = queue;
    }

    @Override
    public Device device() {
      return FaultyDevice.this;
    }

    @Override
    public void execute(Op op) {
      queue.execute(op);
      queue.synchronize();
      fault.accept(op, executed.size());
      executed.add(op.getClass());
    }

    @Override
    public void upload(MemorySegment host, Tensor to) {
      queue.upload(host, to);
    }

    @Override
    public void download(Tensor from, MemorySegment host) {
      queue.download(from, host);
    }

    @Override
    public void synchronize() {
      queue.synchronize();
    }

    @Override
    public Recording record(List<Op> ops) {
      return recording == null ? CommandQueue.super.record(ops) : recording.apply(queue, ops);
    }

    @Override
    public void close() {
      queue.close();
    }
  }
}
