package dev.heed.tck.golden;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tck.Operands;
import dev.heed.tck.check.Compare;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** Runs golden cases on a device. */
public final class GoldenRunner {
  private final Device device;

  /** A runner on a device. */
  public GoldenRunner(Device device) {
    this.device = device;
  }

  /** Runs a case; one that is not applicable is skipped with its reason. */
  public void run(GoldenCase c) {
    c.notApplicable().ifPresent(why -> Assumptions.abort("not applicable: " + why));
    try (Arena arena = Arena.ofShared();
        CommandQueue staging = device.openQueue(0, arena)) {
      Operands operands = new Operands(device, staging, arena, 1, 0);
      GoldenCase.Run run = c.build().apply(operands);
      Op op = run.op();
      boolean optional = op.outputs().stream().anyMatch(t -> t.dtype().isBlock());
      Assumptions.assumeTrue(
          !optional || device.supports(op), () -> "not offered: " + op.name() + op.outputs());
      Assertions.assertTrue(device.supports(op), "device has no " + op);
      staging.synchronize();
      try (CommandQueue queue = device.openQueue(device.scratchBytes(op), arena)) {
        new Ops(queue, new Workspace(device, 256, arena)).run(op);
        queue.synchronize();
      }
      Operands.Snapshot after = operands.snapshot();
      run.expected().forEach(e -> check(c.name(), e, after.read(e.out())));
    }
  }

  private static void check(String name, GoldenCase.Expected e, double[] got) {
    Assertions.assertEquals(e.want().length, got.length, name + ": elements");
    switch (e.rule()) {
      case CLOSE -> Compare.close(name, e.out(), e.want(), got, e.limit());
      case NMSE -> Compare.nmse(name, e.out(), e.want(), got, e.limit());
      case BITS -> {
        for (int i = 0; i < got.length; i++) {
          Assertions.assertEquals(
              Float.floatToRawIntBits((float) e.want()[i]),
              Float.floatToRawIntBits((float) got[i]),
              "%s: element %d is %s, want %s".formatted(name, i, got[i], e.want()[i]));
        }
      }
    }
  }
}
