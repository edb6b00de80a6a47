package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Attention over 16,384 tokens takes no memory but its operands: scores alone would be 1 GiB. */
class LongAttentionTest {
  private static final int T = 16_384;
  private static final int D = 64;
  private static final long MOST_BYTES = 64L << 20;

  private final Random random = new Random(1);

  @Test
  void memoryIsThatOfTheOperands() throws IOException {
    try (OpenClDevice device = Drivers.open(Options.fromProperties());
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      float[][] values = {normal(), normal(), normal()};
      Tensor[] qkv = new Tensor[3];
      for (int i = 0; i < 3; i++) {
        qkv[i] = tensor(device, arena, DType.F32, T, 1, D);
        queue.upload(MemorySegment.ofArray(values[i]), qkv[i]);
      }
      Tensor out = tensor(device, arena, DType.F32, T, 1, D);
      Op.Attention op = attention(device, queue, arena, out, qkv);
      assertEquals(0, device.scratchBytes(op));
      queue.record(List.of(op)).close(); // builds the kernel
      queue.execute(new Op.Fill(out, 0)); // touches its pages
      queue.synchronize();

      peakBytes();
      long before = peakBytes();
      queue.execute(op);
      queue.synchronize();
      long grown = peakBytes() - before;
      assertTrue(grown < MOST_BYTES, "it took " + grown + " bytes");

      MemorySegment got = arena.allocate(4L * T * D, 4);
      queue.download(out, got);
      queue.synchronize();
      for (int row : new int[] {0, 1, 5_000, T - 1}) {
        double[] expected = row(values, row);
        for (int c = 0; c < D; c++) {
          assertEquals(
              expected[c], got.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * D + c), 1e-5);
        }
      }
    }
  }

  private static Op.Attention attention(
      OpenClDevice device, CommandQueue queue, Arena arena, Tensor out, Tensor[] qkv) {
    Tensor zero = ints(device, queue, arena, 0);
    Sequences seq = new Sequences(ints(device, queue, arena, 0, T), zero, T, T);
    KeyValues kv = new KeyValues.Ragged(qkv[1], qkv[2], zero, ints(device, queue, arena, T));
    return new Op.Attention(
        out,
        qkv[0],
        kv,
        seq,
        1 / 8f,
        true,
        0,
        0,
        new Bias.None(),
        Normalizer.SOFTMAX,
        Optional.empty(),
        Optional.empty());
  }

  /** softmax(q k^T / 8) v of one query, in float64. */
  private static double[] row(float[][] qkv, int i) {
    double[] weights = new double[i + 1];
    double sum = 0;
    for (int j = 0; j <= i; j++) {
      double dot = 0;
      for (int c = 0; c < D; c++) {
        dot += (double) qkv[0][i * D + c] * qkv[1][j * D + c];
      }
      weights[j] = Math.exp(dot / 8);
      sum += weights[j];
    }
    double[] out = new double[D];
    for (int j = 0; j <= i; j++) {
      for (int c = 0; c < D; c++) {
        out[c] += weights[j] / sum * qkv[2][j * D + c];
      }
    }
    return out;
  }

  /** The most memory this process had since the last call; 0 where the system does not say. */
  private static long peakBytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    Path reset = Path.of("/proc/self/clear_refs");
    if (!Files.isReadable(status) || !Files.isWritable(reset)) {
      return 0;
    }
    try (var lines = Files.lines(status)) {
      long peak =
          lines
              .filter(l -> l.startsWith("VmHWM:"))
              .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) << 10)
              .findFirst()
              .orElse(0);
      Files.writeString(reset, "5");
      return peak;
    }
  }

  private float[] normal() {
    float[] values = new float[T * D];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static Tensor ints(OpenClDevice device, CommandQueue queue, Arena arena, int... values) {
    Tensor t = tensor(device, arena, DType.I32, values.length);
    queue.upload(MemorySegment.ofArray(values), t);
    return t;
  }

  private static Tensor tensor(OpenClDevice device, Arena arena, DType type, long... dims) {
    return Tensor.allocate(device, Usage.STATE, arena, type, Shape.of(dims));
  }
}
