package dev.heed.tck.check;

import static dev.heed.tensor.DType.F32;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.Use;
import dev.heed.op.Activation;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.NormKind;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.Sequences;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;

/** A row's bits do not depend on the rows it is computed with. */
public final class RowChecks {
  private static final Optional<Tensor> NO = Optional.empty();
  private static final int ROWS = 17;

  private final Device device;
  private final long seed;
  private final Map<String, Check> checks = new LinkedHashMap<>();

  /** Makes the op that computes some rows. */
  @FunctionalInterface
  private interface Rows {
    Op op(Tensor out, int from, int count);
  }

  /** Makes the tensors, and from them the op for any rows. */
  private record Check(long[] out, Make make) {
    @FunctionalInterface
    interface Make {
      Rows rows(Operands o);
    }
  }

  /** Checks on a device; {@code seed} for the data. */
  public RowChecks(Device device, long seed) {
    this.device = device;
    this.seed = seed;
    for (DType w : DType.values()) {
      if (w != DType.I32 && w != DType.I8) {
        products(w, true);
        products(w, false);
        if (w.isBlock()) {
          rounded(w);
        } else if (w != F32) {
          fewerDigits(w);
        }
      }
    }
    rows();
    attention(false);
    attention(true);
  }

  /** Names of what is checked. */
  public Stream<String> names() {
    return checks.keySet().stream();
  }

  private void products(DType type, boolean packed) {
    String of = " of " + type + (packed ? ", packed" : ", row-major");
    long k = type.blockSize() == 256 ? 512 : 320;
    checks.put(
        "matmul" + of,
        new Check(
            new long[] {ROWS, 45},
            o -> {
              Tensor x = o.normal(F32, ROWS, k);
              Tensor w = packed ? o.packed(type, Use.MATRIX, 45, k) : o.normal(type, 45, k);
              return (out, from, count) -> new Op.MatMul(out, x.rows(from, count), w, true);
            }));
    if (packed) {
      checks.put("linear" + of, new Check(new long[] {ROWS, 45}, o -> linear(o, type, k)));
      checks.put(
          "gatedlinear" + of,
          new Check(
              new long[] {ROWS, 64},
              o -> {
                Tensor x = o.normal(F32, ROWS, k);
                Tensor w = o.packed(type, Use.MATRIX, 128, k);
                return (out, from, count) ->
                    new Op.GatedLinear(out, x.rows(from, count), w, Activation.SILU);
              }));
    }
  }

  /** Activations of 8 bits. */
  private void rounded(DType type) {
    long k = type.blockSize() == 256 ? 512 : 320;
    checks.put(
        "matmul of Q8_0 and " + type,
        new Check(
            new long[] {ROWS, 45},
            o -> {
              Tensor x = o.normal(DType.Q8_0, ROWS, k);
              Tensor w = o.packed(type, Use.MATRIX, 45, k);
              return (out, from, count) -> new Op.MatMul(out, x.rows(from, count), w, true);
            }));
  }

  /** Weights in fewer digits. */
  private void fewerDigits(DType type) {
    checks.put(
        "matmul of rounded " + type,
        new Check(
            new long[] {ROWS, 45},
            o -> {
              Tensor x = o.normal(F32, ROWS, 333);
              Tensor w = o.packed(type, Use.ROUNDED, 45, 333);
              return (out, from, count) -> new Op.MatMul(out, x.rows(from, count), w, true);
            }));
  }

  private static Rows linear(Operands o, DType type, long k) {
    Tensor x = o.normal(F32, ROWS, k);
    Tensor w = o.packed(type, Use.MATRIX, 45, k);
    Tensor residual = o.normal(F32, ROWS, 45);
    Optional<Tensor> bias = Optional.of(o.normal(F32, 45));
    return (out, from, count) ->
        new Op.Linear(
            out,
            x.rows(from, count),
            w,
            bias,
            Activation.GELU,
            Optional.of(residual.rows(from, count)));
  }

  private void rows() {
    long[] shape = {ROWS, 259};
    for (NormKind kind : NormKind.values()) {
      checks.put(
          "norm " + kind,
          new Check(
              shape,
              o -> {
                Tensor x = o.normal(F32, shape);
                Optional<Tensor> w = Optional.of(o.normal(F32, 259));
                return (out, from, count) ->
                    new Op.Norm(out, x.rows(from, count), w, NO, 1e-5f, kind);
              }));
    }
    checks.put(
        "softmax",
        new Check(
            shape,
            o -> {
              Tensor x = o.normal(F32, shape);
              return (out, from, count) ->
                  new Op.Softmax(out, x.rows(from, count), 0.5f, NO, false, false);
            }));
    checks.put(
        "activate",
        new Check(
            shape,
            o -> {
              Tensor x = o.normal(F32, shape);
              return (out, from, count) ->
                  new Op.Activate(out, x.rows(from, count), Activation.GELU);
            }));
  }

  /** Queries of one causal sequence, together and one by one, over the same keys. */
  private void attention(boolean paged) {
    int keys = 150;
    int heads = 4;
    int d = 40;
    checks.put(
        "attention" + (paged ? ", paged" : ""),
        new Check(
            new long[] {ROWS, heads, d},
            o -> {
              Tensor q = o.normal(F32, ROWS, heads, d);
              KeyValues kv = paged ? paged(o, keys, d) : ragged(o, keys, d);
              Tensor[] starts = new Tensor[ROWS];
              Arrays.setAll(starts, i -> o.ints(keys - ROWS + i));
              Tensor[] offsets = new Tensor[ROWS + 1];
              Arrays.setAll(offsets, i -> o.ints(0, i));
              return (out, from, count) ->
                  new Op.Attention(
                      out,
                      q.rows(from, count),
                      kv,
                      new Sequences(offsets[count], starts[from], count, keys),
                      0.2f,
                      true,
                      0,
                      0,
                      Bias.NONE,
                      Normalizer.SOFTMAX,
                      Optional.empty(),
                      NO);
            }));
  }

  private static KeyValues ragged(Operands o, int keys, int d) {
    return new KeyValues.Ragged(
        o.normal(F32, keys, 2, d), o.normal(F32, keys, 2, d), o.ints(0), o.ints(keys));
  }

  private static KeyValues paged(Operands o, int keys, int d) {
    int blocks = (keys + 15) / 16;
    int[] table = new int[blocks];
    Arrays.setAll(table, i -> blocks - 1 - i);
    return new KeyValues.Paged(
        o.normal(F32, blocks, 16, 2, d),
        o.normal(F32, blocks, 16, 2, d),
        o.intsOf(Shape.of(1, blocks), table),
        o.ints(keys));
  }

  /** Computes all rows at once, then one by one, then some, and compares every bit. */
  public void run(String name) {
    Check check = checks.get(name);
    try (Arena arena = Arena.ofShared();
        CommandQueue staging = device.openQueue(0, arena)) {
      Operands o = new Operands(device, staging, arena, seed, 0);
      Tensor together = o.out(F32, check.out);
      Tensor alone = o.out(F32, check.out);
      Tensor some = o.out(F32, check.out);
      Rows rows = check.make.rows(o);
      staging.synchronize();
      execute(rows.op(together, 0, ROWS), arena);
      for (int i = 0; i < ROWS; i++) {
        execute(rows.op(alone.rows(i, 1), i, 1), arena);
      }
      for (int i = 0; i < ROWS; i += 5) {
        int count = Math.min(5, ROWS - i);
        execute(rows.op(some.rows(i, count), i, count), arena);
      }
      Operands.Snapshot after = o.snapshot();
      double[] want = after.read(together);
      Assertions.assertArrayEquals(want, after.read(alone), name + ": rows alone differ");
      Assertions.assertArrayEquals(want, after.read(some), name + ": rows in fives differ");
    }
  }

  private void execute(Op op, Arena arena) {
    long bytes = device.supports(op) ? device.scratchBytes(op) : 0;
    Workspace scratch = new Workspace(device, 1 << 20, arena);
    try (CommandQueue queue = device.openQueue(Math.max(bytes, 1 << 20), arena)) {
      new Ops(queue, scratch).run(op);
      queue.synchronize();
    }
  }
}
