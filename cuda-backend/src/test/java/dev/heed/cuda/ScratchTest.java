package dev.heed.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.Device;
import dev.heed.device.Devices;
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

class ScratchTest {
  private static final int HEADS = 32;
  private static final int SIZE = 64;

  @Test
  void aPlanOfTheLargestStepHoldsForAllSmallerOnes() {
    try (Device device = Devices.open("cpu");
        Arena arena = Arena.ofShared()) {
      long planned = Scratch.bytes(attention(device, arena, 512, 2048));
      for (int queries : new int[] {1, 20, 31, 32, 33, 511}) {
        for (int keys : new int[] {1, 256, 257, 600, 2048}) {
          Op.Attention op = attention(device, arena, queries, keys);
          assertTrue(Scratch.bytes(op) <= planned, queries + " queries, " + keys + " keys");
          long parts = Scratch.chunks(op) == 1 ? 0 : queries * HEADS * Scratch.chunks(op);
          assertTrue(Scratch.bytes(op) >= 4 * parts * (2 + SIZE), "what the launch writes");
        }
      }
      assertEquals(0, Scratch.bytes(attention(device, arena, 512, 256)));
    }
  }

  private static Op.Attention attention(Device device, Arena arena, int queries, int keys) {
    Tensor ints = tensor(device, arena, DType.I32, 2);
    Tensor q = tensor(device, arena, DType.F32, queries, HEADS, SIZE);
    Tensor k = tensor(device, arena, DType.F32, keys, 4, SIZE);
    return new Op.Attention(
        q,
        q,
        new KeyValues.Ragged(k, k, ints, ints),
        new Sequences(ints, ints, queries, keys),
        1,
        true,
        0,
        0,
        Bias.NONE,
        Normalizer.SOFTMAX,
        Optional.empty(),
        Optional.empty());
  }

  private static Tensor tensor(Device device, Arena arena, DType type, long... dims) {
    Shape shape = Shape.of(dims);
    long bytes = type.bytes(shape.elements());
    return Tensor.of(device.allocate(bytes, Usage.WORKSPACE, arena), 0, shape, type);
  }
}
