package dev.heed.tck;

import static dev.heed.tensor.DType.F16;
import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.Random;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What attention refuses, and in which words. */
class AttentionMessagesTest {
  private final Arena arena = Arena.ofAuto();
  private final NullDevice device = new NullDevice();
  private final Ops ops =
      new Ops(device.openQueue(0, arena), new Workspace(device, 1 << 16, arena));

  private Tensor t(DType dtype, long... dims) {
    return device.tensor(arena, dtype, dims);
  }

  private Tensor f(long... dims) {
    return t(F32, dims);
  }

  private Tensor i(long... dims) {
    return t(I32, dims);
  }

  /** q [2, 4, 8], 5 rows of 2 KV heads, one sequence of at most 2 queries and 5 keys. */
  private final class Valid {
    private Tensor out = f(2, 4, 8);
    private Tensor q = f(2, 4, 8);
    private KeyValues kv = new KeyValues.Ragged(f(5, 2, 8), f(5, 2, 8), i(1), i(1));
    private Sequences seq = new Sequences(i(2), i(1), 2, 5);
    private int window;
    private float softCap;
    private Bias bias = Bias.NONE;
    private Optional<Random> dropout = Optional.empty();
    private Optional<Tensor> weights = Optional.empty();

    Op op() {
      return new Op.Attention(
          out, q, kv, seq, 1, true, window, softCap, bias, Normalizer.SOFTMAX, dropout, weights);
    }
  }

  private DynamicTest refused(String message, UnaryOperator<Valid> change) {
    return dynamicTest(
        message,
        () -> {
          Op op = change.apply(new Valid()).op();
          assertEquals(
              message,
              assertThrows(IllegalArgumentException.class, () -> ops.run(op)).getMessage());
        });
  }

  private static UnaryOperator<Valid> with(java.util.function.Consumer<Valid> change) {
    return v -> {
      change.accept(v);
      return v;
    };
  }

  private KeyValues ragged(Tensor k, Tensor v) {
    return new KeyValues.Ragged(k, v, i(1), i(1));
  }

  @TestFactory
  DynamicTest valid() {
    return dynamicTest(
        "as it should be",
        () -> {
          Op op = new Valid().op();
          ops.run(op);
          assertEquals(List.of(op), device.executed());
        });
  }

  @TestFactory
  Stream<DynamicTest> tensors() {
    return Stream.of(
        refused("attention: q [2, 32]: want 3 dimensions", with(v -> v.q = f(2, 32))),
        refused(
            "attention: q [2, 4, 8] k [5, 2, 6]: head sizes differ, 8 and 6",
            with(v -> v.kv = ragged(f(5, 2, 6), f(5, 2, 6)))),
        refused(
            "attention: q [2, 4, 8] k [5, 3, 8]: 4 heads are not a multiple of 3",
            with(v -> v.kv = ragged(f(5, 3, 8), f(5, 3, 8)))),
        refused(
            "attention: v [6, 2, 8]: want [5, 2, 8]",
            with(v -> v.kv = ragged(f(5, 2, 8), f(6, 2, 8)))),
        refused(
            "attention: k F32 [5, 2, 8] v F16 [5, 2, 8]: types differ",
            with(v -> v.kv = ragged(f(5, 2, 8), t(F16, 5, 2, 8)))),
        refused(
            "attention: out [2, 4, 8]: want [2, 4, 10]",
            with(v -> v.kv = ragged(f(5, 2, 8), f(5, 2, 10)))),
        refused(
            "attention: lengths [2]: want [1]",
            with(v -> v.kv = new KeyValues.Ragged(f(5, 2, 8), f(5, 2, 8), i(1), i(2)))),
        refused(
            "attention: starts [2]: want [1]",
            with(v -> v.kv = new KeyValues.Ragged(f(5, 2, 8), f(5, 2, 8), i(2), i(1)))),
        refused(
            "attention: k [5, 2, 8]: want 4 dimensions",
            with(v -> v.kv = new KeyValues.Paged(f(5, 2, 8), f(5, 2, 8), i(1, 2), i(1)))),
        refused(
            "attention: kPages [5, 4, 2, 8] vPages [5, 3, 2, 8]: page sizes differ",
            with(v -> v.kv = new KeyValues.Paged(f(5, 4, 2, 8), f(5, 3, 2, 8), i(1, 2), i(1)))),
        refused(
            "attention: blockTable [2, 2]: want [1, 2]",
            with(v -> v.kv = new KeyValues.Paged(f(5, 4, 2, 8), f(5, 4, 2, 8), i(2, 2), i(1)))),
        refused(
            "attention: queryOffsets [1]: want [2]",
            with(v -> v.seq = new Sequences(i(1), i(1), 2, 5))),
        refused(
            "attention: weights [2, 4, 4]: want [2, 4, 5]",
            with(v -> v.weights = Optional.of(f(2, 4, 4)))));
  }

  @TestFactory
  Stream<DynamicTest> attributes() {
    return Stream.of(
        refused("attention: window -1: negative", with(v -> v.window = -1)),
        refused("attention: softCap -2.0: negative", with(v -> v.softCap = -2)),
        refused(
            "attention: bias [1, 3, 2, 5]: want [1 or 1, 4 or 1, 2, 5]",
            with(v -> v.bias = new Bias.Dense(f(1, 3, 2, 5)))),
        refused(
            "attention: bias [2, 5]: want 4 dimensions",
            with(v -> v.bias = new Bias.Dense(f(2, 5)))),
        refused(
            "attention: bias table [32, 3]: want [32, 4]",
            with(v -> v.bias = new Bias.Relative(f(32, 3), true, 128))),
        refused(
            "attention: bias table F32 [2, 4], distance 128: too small",
            with(v -> v.bias = new Bias.Relative(f(2, 4), true, 128))),
        refused("attention: slopes [3]: want [4]", with(v -> v.bias = new Bias.Alibi(f(3)))),
        refused(
            "attention: probability -0.5: want [0, 1)",
            with(v -> v.dropout = Optional.of(new Random(-0.5f, i(3))))));
  }
}
