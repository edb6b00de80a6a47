package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import org.junit.jupiter.api.Test;

class FlashTilesTest {
  private static final int HEADS = 32;
  private static final int KEY_HEADS = 4;
  private static final int SIZE = 64;

  @Test
  void aPlanOfTheLargestStepHoldsForAllSmallerOnes() {
    try (OpenClDevice device = Drivers.open(Options.fromProperties());
        Arena arena = Arena.ofShared()) {
      long planned = FlashTiles.scratchBytes(attention(device, arena, 512, 2048));
      for (int queries : new int[] {1, 20, 31, 32, 33, 511}) {
        for (int keys : new int[] {1, 128, 129, 600, 2048}) {
          Op.Attention op = attention(device, arena, queries, keys);
          long bytes = FlashTiles.scratchBytes(op);
          assertTrue(bytes <= planned, queries + " queries, " + keys + " keys");
          long parts = FlashTiles.inParts(op) ? (long) queries * HEADS * FlashTiles.chunks(op) : 0;
          assertTrue(bytes >= 4 * parts * (2 + SIZE), "what the launch writes");
        }
      }
    }
  }

  @Test
  void aTileHoldsTheRowsThereAre() {
    try (OpenClDevice device = Drivers.open(Options.fromProperties());
        Arena arena = Arena.ofShared()) {
      assertEquals(3, FlashTiles.rowsLog(attention(device, arena, 1, 50), 32)); // 8 heads share
      assertEquals(5, FlashTiles.rowsLog(attention(device, arena, 2, 50), 32));
      assertEquals(4, FlashTiles.rowsLog(attention(device, arena, 2, 50), 16));
      assertEquals(5, FlashTiles.rowsLog(attention(device, arena, 3, 50), 32));
      assertEquals(5, FlashTiles.rowsLog(attention(device, arena, 500, 500), 32));
    }
  }

  private static Op.Attention attention(OpenClDevice device, Arena arena, int queries, int keys) {
    Tensor ints = tensor(device, arena, DType.I32, 2);
    Tensor q = tensor(device, arena, DType.F32, queries, HEADS, SIZE);
    Tensor k = tensor(device, arena, DType.F32, keys, KEY_HEADS, SIZE);
    return new Op.Attention(
        q,
        q,
        new KeyValues.Ragged(k, k, ints, ints),
        new Sequences(ints, tensor(device, arena, DType.I32, 1), queries, keys),
        1,
        true,
        0,
        0,
        Bias.NONE,
        Normalizer.SOFTMAX,
        Optional.empty(),
        Optional.empty());
  }

  private static Tensor tensor(OpenClDevice device, Arena arena, DType type, long... dims) {
    Shape shape = Shape.of(dims);
    long bytes = type.bytes(shape.elements());
    return Tensor.of(device.allocate(bytes, Usage.WORKSPACE, arena), 0, shape, type);
  }
}
