package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.Recording;
import dev.heed.device.Use;
import dev.heed.op.Activation;
import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recorded ops of a row share launches and have the bits that they have one by one. */
class ChainTest {
  private static final int HIDDEN = 256;
  private static final int INNER = 512;
  private static final int HEADS = 4;
  private static final int KEY_HEADS = 2;
  private static final int SIZE = 64;
  private static final int ALL = (HEADS + 2 * KEY_HEADS) * SIZE;

  /** What a layer does behind attention, up to the next layer's. */
  private record Layer(List<Op> ops, List<Tensor> results) {}

  @ParameterizedTest
  @CsvSource({
    "F32, false",
    "F16, false",
    "BF16, false",
    "Q4_0, false",
    "Q8_0, false",
    "Q4_K, false",
    "Q6_K, false",
    "F16, true",
    "BF16, true",
    "Q4_0, true",
    "Q5_1, true",
    "Q8_0, true",
    "Q4_K, true",
    "Q6_K, true"
  })
  void aLayerHasTheSameBits(DType weights, boolean rounded) {
    double[][] alone = run(weights, rounded, false, 1);
    assertTrue(Arrays.stream(alone).flatMapToDouble(Arrays::stream).allMatch(Double::isFinite));
    assertTrue(Arrays.stream(alone).allMatch(r -> Arrays.stream(r).anyMatch(v -> v != 0)));
    double[][] together = run(weights, rounded, true, 1);
    for (int i = 0; i < alone.length; i++) {
      assertArrayEquals(alone[i], together[i], "result " + i);
    }
  }

  @Test
  void replaysDoNotDisturbEachOther() {
    double[][] alone = run(DType.Q4_0, true, false, 300);
    assertTrue(Arrays.stream(alone[0]).allMatch(Double::isFinite));
    assertArrayEquals(alone, run(DType.Q4_0, true, true, 300));
  }

  /** Runs a layer {@code times} times, in place, and reads back what it wrote. */
  private static double[][] run(DType weights, boolean rounded, boolean chains, int times) {
    Options options = Options.fromProperties().withFamily(Family.CPU).withChains(chains);
    try (OpenClDevice device = Drivers.open(options);
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(1 << 16, arena)) {
      Operands o = new Operands(device, queue, arena, 1, 0);
      Layer layer = layer(o, weights, rounded);
      layer.results.subList(1, layer.results.size()).forEach(t -> queue.execute(new Op.Fill(t, 0)));
      queue.synchronize();
      int before = Cl.live().get(Cl.Kind.KERNEL);
      try (Recording recording = queue.record(layer.ops)) {
        int launches = Cl.live().get(Cl.Kind.KERNEL) - before;
        assertEquals(chains ? 1 : layer.ops.size(), launches);
        for (int i = 0; i < times; i++) {
          recording.replay();
        }
        queue.synchronize();
      }
      return layer.results.stream().map(o.snapshot()::read).toArray(double[][]::new);
    }
  }

  /**
   * A layer of the type whose products Oclgrind can run; on one thread, as it takes what work-items
   * of different groups give each other for races.
   */
  static void runOnce(OpenClDevice device, Arena arena) {
    CommandQueue queue = device.openQueue(1 << 16, arena);
    Layer layer = layer(new Operands(device, queue, arena, 1, 0), DType.Q8_0, true);
    queue.record(layer.ops).replay();
    queue.synchronize();
  }

  private static Layer layer(Operands o, DType weights, boolean rounded) {
    Tensor x = o.normal(DType.F32, 1, HIDDEN);
    Tensor mixed = o.normal(DType.F32, 1, HIDDEN);
    Tensor normed = o.out(DType.F32, 1, HIDDEN);
    Tensor inner = o.out(DType.F32, 1, INNER);
    Tensor qkv = o.out(DType.F32, 1, ALL);
    Tensor q = o.out(DType.F32, 1, HEADS, SIZE);
    Tensor keys = o.out(DType.F32, 2, 16, KEY_HEADS, SIZE);
    Tensor values = o.out(DType.F32, 2, 16, KEY_HEADS, SIZE);
    Steps to = new Steps(o, rounded && weights.isBlock());
    Use use = rounded && !weights.isBlock() ? Use.ROUNDED : Use.MATRIX;
    to.linear(x, mixed, o.packed(weights, use, HIDDEN, HIDDEN), Optional.of(x));
    to.norm(normed, x);
    to.gated(inner, normed, o.packed(weights, use, 2 * INNER, HIDDEN));
    to.linear(x, inner, o.packed(weights, use, HIDDEN, INNER), Optional.of(x));
    to.norm(normed, x);
    to.linear(qkv, normed, o.packed(weights, use, ALL, HIDDEN), Optional.empty());
    to.ops.add(
        new Op.QkvRopeStore(
            q,
            keys,
            values,
            qkv,
            Optional.of(o.normal(DType.F32, ALL)),
            Optional.of(o.normal(DType.F32, SIZE)),
            Optional.of(o.normal(DType.F32, SIZE)),
            1e-5f,
            o.normal(DType.F32, 32, 2, SIZE / 2),
            o.ints(19),
            false,
            o.ints(1, 0).reshape(1, 2),
            new Sequences(o.ints(0, 1), o.ints(19), 1, 32)));
    return new Layer(to.ops, List.of(x, inner, qkv, q, keys, values));
  }

  /** Ops in the making: products read what they are to read. */
  private static final class Steps {
    final List<Op> ops = new ArrayList<>();
    private final Operands operands;
    private final boolean rounded;

    Steps(Operands operands, boolean rounded) {
      this.operands = operands;
      this.rounded = rounded;
    }

    private Tensor read(Tensor x) {
      if (!rounded) {
        return x;
      }
      Tensor blocks = operands.out(DType.Q8_0, 1, x.shape().dim(1));
      ops.add(new Op.Cast(blocks, x));
      return blocks;
    }

    void linear(Tensor out, Tensor x, Tensor w, Optional<Tensor> residual) {
      Optional<Tensor> bias = Optional.of(operands.normal(DType.F32, out.shape().dim(1)));
      ops.add(new Op.Linear(out, read(x), w, bias, Activation.IDENTITY, residual));
    }

    void gated(Tensor out, Tensor x, Tensor w) {
      ops.add(new Op.GatedLinear(out, read(x), w, Activation.SILU));
    }

    void norm(Tensor out, Tensor x) {
      Optional<Tensor> weight = Optional.of(operands.normal(DType.F32, HIDDEN));
      ops.add(new Op.Norm(out, x, weight, Optional.empty(), 1e-5f, NormKind.RMS));
    }
  }
}
