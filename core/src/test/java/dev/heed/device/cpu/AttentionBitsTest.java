package dev.heed.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.device.CommandQueue;
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
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A query's result does not depend on threads, on its batch, or on how its keys are shared out. */
class AttentionBitsTest {
  private static final int KEY_HEADS = 2;
  private static final int SIZE = 40;
  private static final int PAGE = 16;

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    arena.close();
  }

  /** One sequence of {@code keys} keys in pages, its last {@code queries} positions asking. */
  private record Setup(int keys, int queries, int group, int window) {
    int heads() {
      return KEY_HEADS * group;
    }
  }

  @Test
  void threadsDoNotMatter() {
    for (Setup s : new Setup[] {new Setup(70, 70, 1, 0), new Setup(1500, 1, 4, 0)}) {
      float[] one = run(s, 1, true, false);
      assertArrayEquals(one, run(s, 2, true, false), s.toString());
      assertArrayEquals(one, run(s, 5, true, false), s.toString());
    }
  }

  @Test
  void decodingGivesTheBitsOfPrefill() {
    for (int keys : new int[] {1, 17, 64, 65, 511, 512, 513, 1100}) {
      for (int group : new int[] {1, 3, 8}) {
        for (int window : new int[] {0, 100}) {
          Setup all = new Setup(keys, keys, group, window);
          Setup last = new Setup(keys, 1, group, window);
          float[] prefill = run(all, 2, true, false);
          int row = last.heads() * SIZE;
          assertArrayEquals(
              Arrays.copyOfRange(prefill, prefill.length - row, prefill.length),
              run(last, 3, true, false),
              last.toString());
        }
      }
    }
  }

  @Test
  void tilesScalarsAndMapsAgree() {
    for (Setup s :
        new Setup[] {
          new Setup(1, 1, 1, 0),
          new Setup(5, 5, 1, 2),
          new Setup(100, 33, 3, 0),
          new Setup(700, 40, 1, 90),
          new Setup(600, 1, 8, 0)
        }) {
      float[] map = run(s, 2, true, true);
      close(map, run(s, 2, true, false), s + " vector tiles");
      assertArrayEquals(run(s, 2, true, false), run(s, 2, false, false), s + " scalar tiles");
      close(map, run(s, 2, false, true), s + " scalar map");
    }
  }

  private static void close(float[] want, float[] got, String what) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < want.length; i++) {
      error += (want[i] - got[i]) * (double) (want[i] - got[i]);
      norm += want[i] * (double) want[i];
    }
    assertEquals(0, error / norm, 1e-11, what);
  }

  private float[] run(Setup s, int threads, boolean vectors, boolean map) {
    try (CpuDevice device = new CpuDevice(threads, vectors)) {
      int blocks = (s.keys + PAGE - 1) / PAGE;
      Tensor k = random(device, 1, blocks, PAGE, KEY_HEADS, SIZE);
      Tensor v = random(device, 2, blocks, PAGE, KEY_HEADS, SIZE);
      Tensor q = random(device, 3, s.keys, s.heads(), SIZE).rows(s.keys - s.queries, s.queries);
      Tensor out = tensor(device, DType.F32, s.queries, s.heads(), SIZE);
      int[] pages = new int[blocks];
      Arrays.setAll(pages, i -> (i * 5 + 3) % blocks);
      Op.Attention op =
          new Op.Attention(
              out,
              q,
              new KeyValues.Paged(
                  k, v, ints(device, pages).reshape(1, blocks), ints(device, s.keys)),
              new Sequences(
                  ints(device, 0, s.queries), ints(device, s.keys - s.queries), s.queries, s.keys),
              0.3f,
              true,
              s.window,
              0,
              Bias.NONE,
              Normalizer.SOFTMAX,
              Optional.empty(),
              map
                  ? Optional.of(tensor(device, DType.F32, s.queries, s.heads(), s.keys))
                  : Optional.empty());
      try (CommandQueue queue = device.openQueue(device.scratchBytes(op), arena)) {
        queue.execute(op);
      }
      return out.buffer().handle().toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private Tensor tensor(CpuDevice device, DType type, long... dims) {
    Shape shape = Shape.of(dims);
    return Tensor.of(
        device.allocate(type.bytes(shape.elements()), Usage.STATE, arena), 0, shape, type);
  }

  private Tensor random(CpuDevice device, long seed, long... dims) {
    Random random = new Random(seed);
    Tensor t = tensor(device, DType.F32, dims);
    for (long i = 0; i < t.shape().elements(); i++) {
      t.buffer().handle().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    return t;
  }

  private Tensor ints(CpuDevice device, int... values) {
    Tensor t = tensor(device, DType.I32, values.length);
    for (int i = 0; i < values.length; i++) {
      t.buffer().handle().setAtIndex(ValueLayout.JAVA_INT, i, values[i]);
    }
    return t;
  }
}
