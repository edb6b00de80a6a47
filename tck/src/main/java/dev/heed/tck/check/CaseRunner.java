package dev.heed.tck.check;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.PlanningDevice;
import dev.heed.device.Recording;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tck.OpCase;
import dev.heed.tck.Operands;
import dev.heed.tck.Operands.Snapshot;
import dev.heed.tck.reference.Reference;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** Runs a case in every way a device has to be right in. */
public final class CaseRunner {
  private final Device device;
  private final long seed;

  /** A runner on a device; {@code seed} for the data. */
  public CaseRunner(Device device, long seed) {
    this.device = device;
    this.seed = seed;
  }

  /** Runs the case on aligned tensors, and again on tensors that start anywhere. */
  public void run(OpCase c) {
    run(c, 0);
    run(c, 3);
  }

  private void run(OpCase c, long misalignment) {
    try (Arena arena = Arena.ofShared();
        CommandQueue staging = device.openQueue(0, arena)) {
      Operands operands = new Operands(device, staging, arena, seed, misalignment);
      Op op = c.build().apply(operands);
      Assertions.assertEquals(c.op(), op.getClass(), "the case's op");
      Workspace scratch = workspace(staging, arena, 4 * operands.bytes() + 65536);
      List<Op> lowered = lower(op, scratch);
      scratch.release(0);
      boolean itself = device.supports(op);
      requireSupport(op, itself, lowered);
      long bytes = Math.max(scratchBytes(op, scratch, arena), scratchBytes(lowered));
      try (CommandQueue queue = device.openQueue(bytes, arena)) {
        new Run(c.toString(), operands, op, new Ops(queue, scratch), lowered).all(itself);
      }
    }
  }

  /** Scratch full of NaN. */
  private Workspace workspace(CommandQueue queue, Arena arena, long bytes) {
    Workspace scratch = new Workspace(device, bytes, arena);
    Tensor whole = scratch.tensor(DType.I8, bytes);
    queue.upload(arena.allocate(bytes).fill((byte) 0xFF), whole);
    queue.synchronize();
    scratch.release(0);
    return scratch;
  }

  /** The op in primitives only; empty if it has no lowering. */
  private List<Op> lower(Op op, Workspace scratch) {
    List<Op> all = new ArrayList<>();
    switch (op) {
      case Op.MatMul m when m.x().dtype().isBlock() && !device.supports(m) ->
          m.widen(o -> all.addAll(lower(o, scratch)), scratch);
      case Op.Primitive p -> all.add(p);
      case Op.Fused f when f.lowers() -> f.lower(o -> all.addAll(lower(o, scratch)), scratch);
      case Op.Fused f -> {}
    }
    return all;
  }

  private void requireSupport(Op op, boolean itself, List<Op> lowered) {
    for (Op o : lowered) {
      boolean has = device.supports(o) || o.outputs().getFirst().shape().elements() == 0;
      if (!has && Mandatory.is(o, device.info())) {
        Assertions.fail(
            "%s must have %s %s <- %s"
                .formatted(device.info().id(), o.name(), o.outputs(), o.inputs()));
      }
      Assumptions.assumeTrue(
          itself || has,
          () -> "not offered: %s %s <- %s".formatted(o.name(), o.outputs(), o.inputs()));
    }
    Assumptions.assumeTrue(itself || !lowered.isEmpty(), () -> "not offered: " + op.name());
  }

  /** What the op wants, as the device has it or as {@link Ops} puts it together. */
  private long scratchBytes(Op op, Workspace scratch, Arena arena) {
    PlanningDevice planning = new PlanningDevice(device);
    new Ops(planning.openQueue(0, arena), scratch).run(op);
    return planning.scratchBytes();
  }

  private long scratchBytes(List<Op> ops) {
    return ops.stream().filter(device::supports).mapToLong(device::scratchBytes).max().orElse(0);
  }

  /** One case on one set of tensors. */
  private final class Run {
    private final String name;
    private final Operands operands;
    private final Op op;
    private final Ops ops;
    private final List<Op> lowered;
    private final Map<Tensor, double[]> expected = new LinkedHashMap<>();

    Run(String name, Operands operands, Op op, Ops ops, List<Op> lowered) {
      this.name = name;
      this.operands = operands;
      this.op = op;
      this.ops = ops;
      this.lowered = lowered;
      expected.putAll(Reference.of(op, operands::read));
    }

    void all(boolean itself) {
      if (!(op instanceof Op.Sample)) {
        operands.poison();
        execute(List.of(op)); // leaves NaN in private scratch
      }
      Snapshot eager = fresh(List.of(op));
      check("result", eager, itself ? 1 : lowered.size());
      Assertions.assertTrue(eager.sameAs(fresh(List.of(op))), name + ": two runs differ");
      if (op instanceof Op.Fused && !lowered.isEmpty() && itself && primitivesSupported()) {
        check("lowered", fresh(lowered), lowered.size());
      }
      replay(eager);
    }

    private boolean primitivesSupported() {
      return lowered.stream().allMatch(device::supports);
    }

    private Snapshot fresh(List<Op> list) {
      operands.restore();
      return execute(list);
    }

    private Snapshot execute(List<Op> list) {
      list.forEach(ops::run);
      ops.queue().synchronize();
      return operands.snapshot();
    }

    /**
     * Compares every output, and what lies around them.
     *
     * @param roundings ops that took part, each of which rounds a 16-bit result once
     */
    private void check(String step, Snapshot after, int roundings) {
      String what = name + ": " + step;
      expected.forEach(
          (out, want) -> {
            boolean half = out.dtype().isFloat() && out.dtype() != DType.F32;
            double limit = Tolerance.of(op, out) * (half ? roundings : 1);
            double[] got = after.read(out);
            if (op instanceof Op.Attention a && half) {
              Compare.within(what, out, want, got, HalfAttention.limit(a, operands, want));
            } else if (limit == 0) {
              Compare.exact(what, out, want, got);
            } else {
              Compare.nmse(what, out, want, got, limit);
            }
          });
      String changed = after.changedOutside(List.copyOf(expected.keySet()), operands.before());
      Assertions.assertEquals("", changed, what + ": wrote where it must not");
    }

    /** Recorded once, replayed on these inputs and on others. */
    private void replay(Snapshot eager) {
      operands.restore();
      try (Recording recording = ops.record(o -> o.run(op))) {
        Assertions.assertTrue(
            operands.snapshot().sameAs(operands.before()), name + ": recording executed the op");
        recording.replay();
        ops.queue().synchronize();
        Assertions.assertTrue(
            operands.snapshot().sameAs(eager), name + ": replay differs from eager");
        operands.refill(seed + 1);
        Snapshot other = execute(List.of(op));
        operands.restore();
        recording.replay();
        ops.queue().synchronize();
        Assertions.assertTrue(
            operands.snapshot().sameAs(other),
            name + ": replay on other inputs differs from eager");
      }
    }
  }
}
