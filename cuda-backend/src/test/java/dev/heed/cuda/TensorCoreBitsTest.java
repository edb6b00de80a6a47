package dev.heed.cuda;

import static dev.heed.tensor.DType.BF16;
import static dev.heed.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.Use;
import dev.heed.op.Activation;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The suite compares a row alone and among others in F32 only; here are the tensor cores' kernels.
 */
@Tag(Emulator.TAG)
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

  /**
   * F16 and BF16 hold quants exactly, so nothing is rounded that F32 arithmetic would not round.
   */
  @Test
  void blocksAreMultipliedAsExactlyAsInF32AndRowsStandAlone() {
    try (Device device = Emulator.open();
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      Operands o = new Operands(device, queue, arena, 3, 0);
      Tensor x = o.normal(BF16, 20, 512);
      Tensor wide = o.out(F32, 20, 512);
      queue.execute(new Op.Cast(wide, x));
      for (DType type : DType.values()) {
        if (type.isBlock()) {
          Tensor w = o.packed(type, Use.MATRIX, 40, 512);
          Tensor together = o.out(F32, 20, 40);
          Tensor alone = o.out(F32, 5, 40);
          Tensor exact = o.out(F32, 20, 40);
          queue.execute(new Op.MatMul(together, x, w, true));
          queue.execute(new Op.MatMul(alone, x.rows(3, 5), w, true));
          queue.execute(new Op.MatMul(exact, wide, w, true));
          Operands.Snapshot after = o.snapshot();
          double[] got = after.read(together);
          double[] want = after.read(exact);
          assertArrayEquals(after.read(together.rows(3, 5)), after.read(alone), type.name());
          double error = 0;
          double norm = 0;
          for (int i = 0; i < want.length; i++) {
            error += (got[i] - want[i]) * (got[i] - want[i]);
            norm += want[i] * want[i];
          }
          assertTrue(error <= 1e-12 * norm, type + ": " + error / norm);
        }
      }
    }
  }

  @Test
  void aQuerysBitsDoNotDependOnTheOthersNorOnSplitting() {
    int tokens = 300;
    int heads = 4; // so many queries that chunks of keys run one after the other
    try (Device device = Emulator.open();
        Arena arena = Arena.ofShared();
        CommandQueue staging = device.openQueue(0, arena)) {
      Operands o = new Operands(device, staging, arena, 3, 0);
      Tensor q = o.normal(BF16, tokens, heads, 64);
      KeyValues kv =
          new KeyValues.Ragged(
              o.normal(BF16, tokens, 2, 64), o.normal(BF16, tokens, 2, 64), o.ints(0), o.ints(300));
      Tensor together = o.out(BF16, tokens, heads, 64);
      Tensor alone = o.out(BF16, tokens, heads, 64);
      Op.Attention all = attention(o, together, q, kv, 0);
      assertEquals(1, Scratch.chunks(all));
      List<Op> ops = new ArrayList<>(List.of(all));
      List<Integer> some = List.of(0, 63, 64, 255, 256, 299);
      for (int i : some) {
        Op.Attention one = attention(o, alone.rows(i, 1), q.rows(i, 1), kv, i);
        assertEquals(2, Scratch.chunks(one));
        ops.add(one);
      }
      staging.synchronize();
      long scratch = ops.stream().mapToLong(device::scratchBytes).max().orElseThrow();
      try (CommandQueue queue = device.openQueue(scratch, arena)) {
        ops.forEach(queue::execute);
        queue.synchronize();
      }
      Operands.Snapshot after = o.snapshot();
      for (int i : some) {
        assertArrayEquals(after.read(together.rows(i, 1)), after.read(alone.rows(i, 1)));
      }
    }
  }

  private static Op.Attention attention(Operands o, Tensor out, Tensor q, KeyValues kv, int start) {
    int queries = (int) q.shape().dim(0);
    return new Op.Attention(
        out,
        q,
        kv,
        new Sequences(o.ints(0, queries), o.ints(start), queries, 300),
        0.125f,
        true,
        0,
        0,
        Bias.NONE,
        Normalizer.SOFTMAX,
        Optional.empty(),
        Optional.empty());
  }
}
