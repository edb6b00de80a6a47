package dev.heed.tck.golden;

import static dev.heed.tensor.DType.F32;

import dev.heed.checkpoint.Checkpoint;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tck.Operands;
import dev.heed.tck.golden.GoldenCase.Expected;
import dev.heed.tck.golden.GoldenCase.Rule;
import dev.heed.tck.golden.GoldenCase.Run;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * PyTorch's attention, output and weights: with the mask as PyTorch adds it, and again with what
 * the mask means (causal, or keys up to each sequence's length).
 */
final class PyTorchAttention {
  private final Map<String, double[]> values;
  private final String kind;
  private final boolean byMask;
  private final int batch;
  private final int heads;
  private final int queries;
  private final int keys;
  private final int d;

  private PyTorchAttention(Path path, boolean byMask) {
    this.byMask = byMask;
    values = PyTorchCases.read(path);
    kind = kind(path);
    try (Checkpoint file = Checkpoint.open(path)) {
      Shape q = file.tensors().get("q").shape();
      batch = (int) q.dim(0);
      heads = (int) q.dim(1);
      queries = (int) q.dim(2);
      d = (int) q.dim(3);
      keys = (int) file.tensors().get("k").shape().dim(2);
    }
  }

  private static String kind(Path path) {
    return path.getFileName().toString().replaceAll("attention_\\d+_|\\.safetensors", "");
  }

  static List<GoldenCase> all(Path folder) {
    List<Path> paths;
    try (Stream<Path> files = Files.list(folder)) {
      paths =
          files.filter(f -> f.getFileName().toString().startsWith("attention_")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<GoldenCase> cases = new ArrayList<>();
    for (Path path : paths) {
      String name = path.getFileName().toString().replace(".safetensors", "");
      if (!kind(path).equals("none")) {
        cases.add(
            GoldenCase.of(name + ", by its mask", o -> new PyTorchAttention(path, true).build(o)));
      }
      if (!kind(path).equals("additive")) {
        cases.add(GoldenCase.of(name, o -> new PyTorchAttention(path, false).build(o)));
      }
    }
    return cases;
  }

  private Run build(Operands o) {
    Shape rows = Shape.of((long) batch * queries, heads, d);
    Tensor out = o.out(F32, rows.toArray());
    Tensor weights = o.out(F32, rows.dim(0), heads, keys);
    Op op =
        new Op.Attention(
            out,
            o.floats(F32, rows, rows("q", queries, d)),
            keyValues(o),
            new Sequences(o.ints(steps(batch + 1, queries)), o.ints(new int[batch]), queries, keys),
            (float) (1 / Math.sqrt(d)),
            kind.equals("causal") && !byMask,
            0,
            0,
            bias(o),
            Normalizer.SOFTMAX,
            Optional.empty(),
            Optional.of(weights));
    return new Run(
        op,
        List.of(
            new Expected(out, rows("out", queries, d), Rule.CLOSE, PyTorchCases.LIMIT),
            new Expected(weights, rows("weights", queries, keys), Rule.CLOSE, PyTorchCases.LIMIT)));
  }

  private double[] rows(String name, int tokens, int width) {
    return HeadsFirst.toRows(values.get(name), batch, heads, tokens, width);
  }

  private Bias bias(Operands o) {
    return byMask
        ? new Bias.Dense(o.floats(F32, Shape.of(batch, 1, queries, keys), values.get("mask")))
        : Bias.NONE;
  }

  private KeyValues keyValues(Operands o) {
    int[] lengths = new int[batch];
    Arrays.setAll(lengths, b -> byMask ? keys : (int) values.get("kv_lengths")[b]);
    Shape rows = Shape.of((long) batch * keys, heads, d);
    return new KeyValues.Ragged(
        o.floats(F32, rows, rows("k", keys, d)),
        o.floats(F32, rows, rows("v", keys, d)),
        o.ints(steps(batch, keys)),
        o.ints(lengths));
  }

  private static int[] steps(int count, int step) {
    int[] all = new int[count];
    Arrays.setAll(all, i -> i * step);
    return all;
  }
}
