package dev.heed.op;

import dev.heed.device.CommandQueue;
import dev.heed.device.DeviceException;
import dev.heed.device.Recording;
import dev.heed.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Where ops go: validates each, drops those without elements, and hands it to the queue, or its
 * lowering where the device has not the op itself. A device trusts what comes from here. One thread
 * at a time, like the queue.
 */
public final class Ops {
  private final CommandQueue queue;
  private final Workspace scratch;
  private final Probe probe;
  private Consumer<Op> sink;

  /**
   * Ops on a queue.
   *
   * @param scratch for the intermediate results of lowerings, used above what is in use
   */
  public Ops(CommandQueue queue, Workspace scratch) {
    this(queue, scratch, Probe.NONE);
  }

  /**
   * Ops on a queue, with somebody who looks on.
   *
   * @param scratch for the intermediate results of lowerings, used above what is in use
   */
  public Ops(CommandQueue queue, Workspace scratch, Probe probe) {
    this.queue = queue;
    this.scratch = scratch;
    this.probe = probe;
    this.sink = queue::execute;
  }

  /** Who looks on. */
  public Probe probe() {
    return probe;
  }

  /** For intermediate results, above what is in use. */
  public Workspace scratch() {
    return scratch;
  }

  /** The queue behind. */
  public CommandQueue queue() {
    return queue;
  }

  /**
   * Runs an op.
   *
   * @throws IllegalArgumentException if its tensors do not fit each other: {@code matmul: x [3, 4]
   *     w [6, 5]: K differs, 4 and 5}
   * @throws DeviceException.Unsupported if neither the device nor a lowering has it
   */
  public void run(Op op) {
    OpChecks.check(op);
    if (op.outputs().getFirst().shape().elements() == 0) {
      return;
    }
    if (queue.device().supports(op)) {
      sink.accept(op);
      return;
    }
    long mark = scratch.mark();
    if (op instanceof Op.Product product && product.x().dtype().isBlock()) {
      product.widen(this::run, scratch);
    } else if (op instanceof Op.Fused fused && fused.lowers()) {
      fused.lower(this::run, scratch);
    } else {
      throw new DeviceException.Unsupported(
          "%s: device %s has no kernel for %s <- %s"
              .formatted(op.name(), queue.device().info().id(), op.outputs(), op.inputs()));
    }
    scratch.release(mark);
  }

  /**
   * Records what {@code body} runs, without executing it: validation and lowering happen now, and
   * never again.
   */
  public Recording record(Consumer<Ops> body) {
    return queue.record(collect(body));
  }

  /** Lets the device build what {@code body} will need, without executing it. */
  public void prepare(Consumer<Ops> body) {
    queue.prepare(collect(body));
  }

  private List<Op> collect(Consumer<Ops> body) {
    List<Op> ops = new ArrayList<>();
    Consumer<Op> before = sink;
    sink = ops::add;
    try {
      body.accept(this);
    } finally {
      sink = before;
    }
    return ops;
  }
}
