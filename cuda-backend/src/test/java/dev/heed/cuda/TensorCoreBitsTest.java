package dev.heed.cuda;

import static dev.heed.tensor.DType.BF16;
import static dev.heed.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.Use;
import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tck.Operands;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/**
 * The suite compares a row alone and among others in F32 only; here are the tensor cores' kernels.
 */
class TensorCoreBitsTest {
  private static final int ROWS = 137;

  @Test
  void aRowsBitsDoNotDependOnTheOthers() {
    try (Device device = Emulator.open();
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      Operands o = new Operands(device, queue, arena, 3, 0);
      Tensor x = o.normal(BF16, ROWS, 700);
      Tensor w = o.packed(BF16, Use.MATRIX, 90, 700);
      Tensor together = o.out(F32, ROWS, 90);
      Tensor alone = o.out(F32, ROWS, 90);
      Tensor gatedTogether = o.out(F32, ROWS, 45);
      Tensor gatedAlone = o.out(F32, ROWS, 45);
      queue.execute(new Op.MatMul(together, x, w, true));
      queue.execute(new Op.GatedLinear(gatedTogether, x, w, Activation.SILU));
      for (int from = 0; from < ROWS; from += 7) {
        int count = Math.min(7, ROWS - from);
        Tensor some = x.rows(from, count);
        queue.execute(new Op.MatMul(alone.rows(from, count), some, w, true));
        queue.execute(new Op.GatedLinear(gatedAlone.rows(from, count), some, w, Activation.SILU));
      }
      Operands.Snapshot after = o.snapshot();
      assertArrayEquals(after.read(together), after.read(alone));
      assertArrayEquals(after.read(gatedTogether), after.read(gatedAlone));
    }
  }
}
