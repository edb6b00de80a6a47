package dev.heed.cli;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceInfo;
import dev.heed.device.HostWeight;
import dev.heed.device.Recording;
import dev.heed.device.Tuner.Work;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The device behind it, and a list of the ops that were executed on it: one of each kind, shape and
 * type, with the tensors it had. All memory lives until the arena given closes, so that the ops
 * outlive the model that issued them.
 */
final class CapturingDevice implements Device {
  /** An op, what was in its I32 inputs, and how often its like ran. */
  private static final class Captured {
    private final Op op;
    private final Map<Tensor, MemorySegment> inputs = new HashMap<>();
    private long times;

    Captured(Op op) {
      this.op = op;
    }
  }

  private final Device device;
  private final Arena arena;

  /** By the op's text, which has all of an op but where its tensors lie. */
  private final Map<String, Captured> captured = new LinkedHashMap<>();

  CapturingDevice(Device device, Arena arena) {
    this.device = device;
    this.arena = arena;
  }

  /** What was executed so far. */
  List<Work> work() {
    return captured.values().stream().map(c -> new Work(c.op, c.times, c.inputs)).toList();
  }

  private void capture(Op op, CommandQueue queue) {
    Captured c =
        captured.computeIfAbsent(
            op.toString(),
            text -> {
              Captured first = new Captured(op);
              for (Tensor t : op.inputs()) {
                if (t.dtype() == DType.I32) {
                  first.inputs.computeIfAbsent(t, i -> contents(i, queue));
                }
              }
              return first;
            });
    c.times++;
  }

  private MemorySegment contents(Tensor t, CommandQueue queue) {
    MemorySegment host = arena.allocate(Math.max(1, t.byteSize()), 64).asSlice(0, t.byteSize());
    queue.download(t, host);
    queue.synchronize();
    return host;
  }

  @Override
  public DeviceInfo info() {
    return device.info();
  }

  @Override
  public DeviceBuffer allocate(long bytes, Usage usage, Arena owner) {
    return device.allocate(bytes, usage, arena);
  }

  @Override
  public boolean supports(Op op) {
    return device.supports(op);
  }

  @Override
  public long scratchBytes(Op op) {
    return device.scratchBytes(op);
  }

  @Override
  public Tensor pack(HostWeight weight, CommandQueue queue, Arena owner) {
    return device.pack(weight, ((CapturingQueue) queue).queue, arena);
  }

  @Override
  public long packedBytes(HostWeight weight) {
    return device.packedBytes(weight);
  }

  @Override
  public Layout packedLayout(HostWeight weight) {
    return device.packedLayout(weight);
  }

  @Override
  public CommandQueue openQueue(long scratchBytes, Arena owner) {
    return new CapturingQueue(device.openQueue(scratchBytes, arena));
  }

  /** The device behind stays open: it is its opener's. */
  @Override
  public void close() {}

  private final class CapturingQueue implements CommandQueue {
    private final CommandQueue queue;

    CapturingQueue(CommandQueue queue) {
      this.queue = queue;
    }

    @Override
    public Device device() {
      return CapturingDevice.this;
    }

    @Override
    public void execute(Op op) {
      capture(op, queue);
      queue.execute(op);
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

    /** Captures after replaying: indices may come from ops of the recording itself. */
    @Override
    public Recording record(List<Op> ops) {
      List<Op> kept = List.copyOf(ops);
      Recording recording = queue.record(kept);
      return new Recording() {
        @Override
        public void replay() {
          recording.replay();
          kept.forEach(op -> capture(op, queue));
        }

        @Override
        public void close() {
          recording.close();
        }
      };
    }

    @Override
    public void prepare(List<Op> ops) {
      queue.prepare(ops);
    }

    @Override
    public void close() {
      queue.close();
    }
  }
}
