package dev.heed.tck.check;

import static dev.heed.tensor.DType.F32;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.Recording;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tck.Operands;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assertions;

/**
 * A decode step recorded once and replayed: it stores a row in the cache, attends to all rows so
 * far, and moves positions and lengths on, so that each replay sees a longer sequence.
 */
public final class RecordingChecks {
  private static final int STEPS = 21;
  private static final int HEADS = 2;
  private static final int D = 40;
  private static final int PAGE = 4;

  private final Device device;

  /** Checks on a device. */
  public RecordingChecks(Device device) {
    this.device = device;
  }

  /** Replays against the same ops one by one. */
  public void decode() {
    double[] eager = decode(false);
    double[] replayed = decode(true);
    Assertions.assertArrayEquals(eager, replayed, "replayed steps differ from eager ones");
    Assertions.assertNotEquals(eager[0], eager[eager.length - 1], "steps see different lengths");
  }

  private double[] decode(boolean replay) {
    try (Arena arena = Arena.ofShared();
        CommandQueue staging = device.openQueue(0, arena)) {
      Operands o = new Operands(device, staging, arena, 11, 0);
      Tensor history = o.out(F32, STEPS, HEADS, D);
      List<Op> step = step(o);
      Tensor out = step.get(2).outputs().getFirst();
      staging.synchronize();
      long scratch = step.stream().mapToLong(device::scratchBytes).max().orElse(0);
      try (CommandQueue queue = device.openQueue(scratch, arena);
          Recording recording = queue.record(step)) {
        for (int i = 0; i < STEPS; i++) {
          if (replay) {
            recording.replay();
          } else {
            step.forEach(queue::execute);
          }
          queue.execute(new Op.Copy(history.rows(i, 1), out));
        }
        queue.synchronize();
      }
      return o.snapshot().read(history);
    }
  }

  /** Two sequences, of which the second is padding. */
  private static List<Op> step(Operands o) {
    int blocks = STEPS / PAGE + 2;
    Tensor out = o.out(F32, 1, HEADS, D);
    Tensor kPages = o.out(F32, 2 * blocks, PAGE, HEADS, D);
    Tensor vPages = o.out(F32, 2 * blocks, PAGE, HEADS, D);
    Tensor row = o.normal(F32, 1, HEADS, D);
    Tensor start = o.ints(0, -1);
    Tensor lengths = o.ints(1, 0);
    Tensor one = o.ints(1, 0);
    int[] table = new int[2 * blocks];
    for (int i = 0; i < blocks; i++) {
      table[i] = 2 * blocks - 1 - i;
      table[blocks + i] = -1;
    }
    Tensor blockTable = o.intsOf(Shape.of(2, blocks), table);
    Sequences seq = new Sequences(o.ints(0, 1, 1), start, 1, STEPS);
    Op attention =
        new Op.Attention(
            out,
            o.normal(F32, 1, HEADS, D),
            new KeyValues.Paged(kPages, vPages, blockTable, lengths),
            seq,
            0.3f,
            true,
            0,
            0,
            Bias.NONE,
            Normalizer.SOFTMAX,
            Optional.empty(),
            Optional.empty());
    return List.of(
        new Op.StoreRows(kPages, row, blockTable, seq),
        new Op.StoreRows(vPages, row, blockTable, seq),
        attention,
        new Op.Add(start, start, one),
        new Op.Add(lengths, lengths, one),
        new Op.Add(row, row, out));
  }
}
