package dev.heed.device.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.Usage;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/** What the largest step asks for is enough for all others: sessions plan with it. */
class AttentionScratchTest {
  private static final int MOST_KEYS = 4096;
  private static final int MOST_SEQUENCES = 16;

  @RepeatedTest(20)
  void aStepAtTheEndOfTheContextIsTheLargest(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    int keyHeads = 1 << random.nextInt(4);
    int heads = keyHeads * (1 + random.nextInt(8));
    try (Arena arena = Arena.ofShared();
        CpuDevice device = new CpuDevice(1 + random.nextInt(4), random.nextBoolean())) {
      AttentionCall call = new AttentionCall(device.tiles(), device.math());
      int threads = device.workers().count();
      call.shape(attention(device, arena, MOST_SEQUENCES, 1, MOST_KEYS, heads, keyHeads));
      long planned = call.scratchBytes(threads);
      for (int i = 0; i < 50; i++) {
        int sequences = 1 + random.nextInt(MOST_SEQUENCES);
        int queries = 1 + random.nextInt(40);
        int keys = 1 + random.nextInt(MOST_KEYS);
        call.shape(attention(device, arena, sequences, queries, keys, heads, keyHeads));
        long parts =
            call.splits(threads) ? (long) sequences * keyHeads * call.chunks * call.partBytes : 0;
        assertTrue(threads * call.workerBytes + parts <= planned);
      }
    }
  }

  private static Op.Attention attention(
      CpuDevice device, Arena arena, int b, int queries, int keys, int heads, int keyHeads) {
    Tensor q = tensor(device, arena, DType.F32, (long) b * queries, heads, 64);
    Tensor pages = tensor(device, arena, DType.F32, 1, 16, keyHeads, 64);
    Tensor ints = tensor(device, arena, DType.I32, b);
    return new Op.Attention(
        q,
        q,
        new KeyValues.Paged(pages, pages, ints.reshape(b, 1), ints),
        new Sequences(tensor(device, arena, DType.I32, b + 1), ints, queries, keys),
        1,
        true,
        0,
        0,
        Bias.NONE,
        Normalizer.SOFTMAX,
        Optional.empty(),
        Optional.empty());
  }

  private static Tensor tensor(CpuDevice device, Arena arena, DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    return Tensor.of(
        device.allocate(dtype.bytes(shape.elements()), Usage.STATE, arena), 0, shape, dtype);
  }
}
