package dev.heed.tck;

import static dev.heed.tensor.DType.F16;
import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;
import static dev.heed.tensor.DType.I8;
import static dev.heed.tensor.DType.Q4_0;
import static dev.heed.tensor.DType.Q8_0;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.heed.device.Usage;
import dev.heed.op.Activation;
import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.PoolKind;
import dev.heed.op.Random;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every rule of {@link Ops} has an op that breaks it, and says so in these words. */
class OpsMessagesTest {
  private static final Optional<Tensor> NO = Optional.empty();

  private final Arena arena = Arena.ofAuto();
  private final NullDevice device = new NullDevice();
  private final Ops ops =
      new Ops(device.openQueue(0, arena), new Workspace(device, 1 << 16, arena));
  private final List<DynamicTest> tests = new ArrayList<>();

  private Tensor t(DType dtype, long... dims) {
    return device.tensor(arena, dtype, dims);
  }

  private Tensor f(long... dims) {
    return t(F32, dims);
  }

  private Tensor i(long... dims) {
    return t(I32, dims);
  }

  private Tensor packed(DType dtype, long n, long k) {
    return new Tensor(t(dtype, n, k).buffer(), 0, Shape.of(n, k), k, dtype, Layout.DEVICE);
  }

  private Sequences seq(long b) {
    return new Sequences(i(b + 1), i(b), 4, 4);
  }

  /** The op is refused with this message. */
  private void refused(String message, Op op) {
    tests.add(
        dynamicTest(
            message,
            () ->
                assertEquals(
                    message,
                    assertThrows(IllegalArgumentException.class, () -> ops.run(op)).getMessage())));
  }

  /** The op is run. */
  private void accepted(String name, Op op) {
    tests.add(
        dynamicTest(
            name,
            () -> {
              int before = device.executed().size();
              ops.run(op);
              assertEquals(List.of(op), device.executed().subList(before, before + 1));
            }));
  }

  @TestFactory
  List<DynamicTest> memory() {
    Tensor a = f(8);
    Arena gone = Arena.ofShared();
    Tensor freed = device.tensor(gone, F32, 4);
    gone.close();
    refused("fill: out F32 [4]: its memory is freed", new Op.Fill(freed, 1));
    refused("copy: in F32 [4]: its memory is freed", new Op.Copy(f(4), freed));
    refused(
        "fill: out F32 [4]: offset 5 and row stride 1 reach past its buffer of 32 bytes",
        new Op.Fill(Tensor.of(a.buffer(), 5, Shape.of(4), F32), 1));
    refused(
        "fill: out F32 [2]: offset -1 and row stride 1 reach past its buffer of 32 bytes",
        new Op.Fill(Tensor.of(a.buffer(), -1, Shape.of(2), F32), 1));
    refused(
        "fill: out F32 [2, 3]: offset 0 and row stride 2 reach past its buffer of 32 bytes",
        new Op.Fill(new Tensor(a.buffer(), 0, Shape.of(2, 3), 2, F32, Layout.ROW_MAJOR), 1));
    refused(
        "fill: out F32 [2, 3] is in the device's own layout", new Op.Fill(packed(F32, 2, 3), 1));
    return tests;
  }

  @TestFactory
  List<DynamicTest> overlaps() {
    Tensor a = f(8);
    Tensor first = Tensor.of(a.buffer(), 0, Shape.of(4), F32);
    Tensor shifted = Tensor.of(a.buffer(), 2, Shape.of(4), F32);
    Tensor wide = f(4, 12);
    Tensor square = f(4, 4);
    Tensor state = i(3);
    Tensor overState = Tensor.of(state.buffer(), 0, Shape.of(3), F32);
    refused("copy: out F32 [4] overlaps the input F32 [4]", new Op.Copy(first, shifted));
    refused("add: out F32 [4] overlaps the input F32 [4]", new Op.Add(first, f(4), shifted));
    refused(
        "matmul: out F32 [4, 4] overlaps the input F32 [4, 4]",
        new Op.MatMul(square, square, f(4, 4), true));
    refused(
        "topk: outputs F32 [1, 4] and I32 [1, 4] overlap",
        new Op.TopK(
            Tensor.of(a.buffer(), 0, Shape.of(1, 4), F32),
            Tensor.of(a.buffer(), 3, Shape.of(1, 4), I32),
            f(1, 4)));
    refused(
        "dropout: outputs F32 [3] and I32 [3] overlap",
        new Op.Dropout(overState, f(3), new Random(0.1f, state)));
    refused(
        "linear: out F32 [4, 4] overlaps the input F32 [4, 4]",
        new Op.Linear(square, square, f(4, 4), NO, Activation.IDENTITY, NO));
    refused(
        "copy: out F32 [4, 4] overlaps the input F32 [4, 4]",
        new Op.Copy(wide.columns(0, 4), wide.columns(3, 4)));
    accepted("columns side by side", new Op.Copy(wide.columns(0, 4), wide.columns(4, 4)));
    accepted("in place", new Op.Activate(a, a, Activation.SILU));
    accepted(
        "into the residual",
        new Op.Linear(square, f(4, 4), f(4, 4), NO, Activation.IDENTITY, Optional.of(square)));
    return tests;
  }

  @TestFactory
  List<DynamicTest> moving() {
    refused("copy: out [2, 3] in [3, 2]: want the same shape", new Op.Copy(f(2, 3), f(3, 2)));
    refused("copy: out F32 [2] in F16 [2]: types differ", new Op.Copy(f(2), t(F16, 2)));
    refused(
        "copy: in F32 [2, 3] is in the device's own layout",
        new Op.Copy(f(2, 3), packed(F32, 2, 3)));
    refused("fill: out Q4_0 [32]: want a plain type", new Op.Fill(t(Q4_0, 32), 1));
    refused("cast: out I32 [2] in F32 [2]: no such conversion", new Op.Cast(i(2), f(2)));
    refused("cast: out F16 [2] in I8 [2]: no such conversion", new Op.Cast(t(F16, 2), t(I8, 2)));
    refused(
        "cast: out Q8_0 [2, 32] in F16 [2, 32]: no such conversion",
        new Op.Cast(t(Q8_0, 2, 32), t(F16, 2, 32)));
    refused(
        "cast: out Q4_0 [2, 32] in F32 [2, 32]: no such conversion",
        new Op.Cast(t(Q4_0, 2, 32), f(2, 32)));
    refused("cast: out [3] in [2]: want the same shape", new Op.Cast(f(3), f(2)));
    refused("gather: table [3]: want 2 dimensions", new Op.Gather(f(2, 3), f(3), i(2)));
    refused("gather: ids F32 [2]: want [I32]", new Op.Gather(f(2, 3), f(4, 3), f(2)));
    refused("gather: ids [2, 1]: want 1 dimensions", new Op.Gather(f(2, 3), f(4, 3), i(2, 1)));
    refused("gather: table I32 [4, 3]: want a weight type", new Op.Gather(f(2, 3), i(4, 3), i(2)));
    refused("gather: out [2, 4]: want [2, 3]", new Op.Gather(f(2, 4), f(4, 3), i(2)));
    refused("gather: out I32 [2, 3]: want F32, F16 or BF16", new Op.Gather(i(2, 3), f(4, 3), i(2)));
    refused(
        "storerows: rows [3, 2, 8]: want [3, 2, 4]",
        new Op.StoreRows(f(5, 16, 2, 4), f(3, 2, 8), i(1, 2), seq(1)));
    refused(
        "storerows: pages [5, 2, 4]: want 4 dimensions",
        new Op.StoreRows(f(5, 2, 4), f(3, 2, 4), i(1, 2), seq(1)));
    refused(
        "storerows: blockTable [3, 2]: want [1, 2]",
        new Op.StoreRows(f(5, 16, 2, 4), f(3, 2, 4), i(3, 2), seq(1)));
    refused(
        "storerows: queryOffsets [1]: want [2]",
        new Op.StoreRows(f(5, 16, 2, 4), f(3, 2, 4), i(1, 2), new Sequences(i(1), i(1), 4, 4)));
    refused(
        "storerows: maxQueries -1 maxKeys 4: negative",
        new Op.StoreRows(f(5, 16, 2, 4), f(3, 2, 4), i(1, 2), new Sequences(i(2), i(1), -1, 4)));
    return tests;
  }

  @TestFactory
  List<DynamicTest> elementwise() {
    refused("add: a [3] does not broadcast to [2, 2]", new Op.Add(f(2, 2), f(3), f(2, 2)));
    refused("mul: b [2, 2] does not broadcast to [2]", new Op.Mul(f(2), f(2), f(2, 2)));
    refused("add: a [1] b [1] do not make out [2]", new Op.Add(f(2), f(1), f(1)));
    refused(
        "add: a [1, 1, 1, 1, 2] does not broadcast to [1, 1, 1, 1, 2]",
        new Op.Add(f(1, 1, 1, 1, 2), f(1, 1, 1, 1, 2), f(2)));
    refused(
        "add: out I32 [2] a I32 [2] b F32 [2]: I32 adds to I32 only", new Op.Add(i(2), i(2), f(2)));
    refused("add: a I8 [2]: want F32, F16 or BF16", new Op.Add(f(2), t(I8, 2), f(2)));
    refused("add: out I8 [2]: want a float type", new Op.Add(t(I8, 2), f(2), f(2)));
    refused("add: a Q4_0 [32] b F32 [32]: want plain types", new Op.Add(f(32), t(Q4_0, 32), f(32)));
    refused("mul: out I32 [2]: want F32, F16 or BF16", new Op.Mul(i(2), i(2), i(2)));
    refused(
        "activate: out [2] in [3]: want the same shape",
        new Op.Activate(f(2), f(3), Activation.TANH));
    refused(
        "activate: in I32 [2]: want F32, F16 or BF16",
        new Op.Activate(f(2), i(2), Activation.TANH));
    refused(
        "dropout: probability 1.0: want [0, 1)", new Op.Dropout(f(2), f(2), new Random(1, i(3))));
    refused("dropout: state [2]: want [3]", new Op.Dropout(f(2), f(2), new Random(0, i(2))));
    return tests;
  }

  @TestFactory
  List<DynamicTest> rows() {
    refused("norm: weight [3]: want [4]", norm(f(2, 4), f(2, 4), f(3)));
    refused("norm: weight F16 [4]: want [F32]", norm(f(2, 4), f(2, 4), t(F16, 4)));
    refused("norm: x []: want at least one dimension", norm(f(), f(), f(1)));
    refused("norm: out [2, 4] x [4, 2]: want the same shape", norm(f(2, 4), f(4, 2), f(2)));
    refused("rope: x [2, 4]: want 3 dimensions", rope(f(2, 4), f(2, 4), f(5, 2, 2), i(2)));
    refused(
        "rope: cosSin [5, 2, 3]: want [positions, 2, R/2] with R at most 4",
        rope(f(2, 1, 4), f(2, 1, 4), f(5, 2, 3), i(2)));
    refused("rope: positions [3]: want [2]", rope(f(2, 1, 4), f(2, 1, 4), f(5, 2, 2), i(3)));
    refused(
        "rope: out I32 [2, 1, 4]: want F32, F16 or BF16",
        rope(i(2, 1, 4), f(2, 1, 4), f(5, 2, 2), i(2)));
    refused("softmax: mask [3] does not broadcast to [2, 4]", softmax(f(2, 4), f(3), false));
    refused("softmax: x [4]: causal wants [.., Q, K]", softmax(f(4), f(4), true));
    refused("softmax: x F16 [2, 4]: want [F32]", softmax(t(F16, 2, 4), f(4), false));
    refused("pool: out [2, 3]: want [2, 4]", pool(f(2, 3), f(5, 4), i(3)));
    refused("pool: offsets [2]: want [3]", pool(f(2, 4), f(5, 4), i(2)));
    refused("topk: k 5 is more than the 4 columns of x", new Op.TopK(f(2, 5), i(2, 5), f(2, 4)));
    refused("topk: ids [2, 2]: want [2, 3]", new Op.TopK(f(2, 3), i(2, 2), f(2, 4)));
    refused("topk: values [3, 3]: want [2, 3]", new Op.TopK(f(3, 3), i(2, 3), f(2, 4)));
    return tests;
  }

  private static Op norm(Tensor out, Tensor x, Tensor weight) {
    return new Op.Norm(out, x, Optional.of(weight), NO, 1e-5f, NormKind.RMS);
  }

  private static Op rope(Tensor out, Tensor x, Tensor cosSin, Tensor positions) {
    return new Op.Rope(out, x, cosSin, positions, false);
  }

  private Op softmax(Tensor x, Tensor mask, boolean causal) {
    return new Op.Softmax(f(x.shape().toArray()), x, 1, Optional.of(mask), causal, false);
  }

  private static Op pool(Tensor out, Tensor x, Tensor offsets) {
    return new Op.Pool(out, x, offsets, PoolKind.MEAN);
  }

  @TestFactory
  List<DynamicTest> matrices() {
    refused(
        "matmul: x [3, 4] w [6, 5]: K differs, 4 and 5",
        new Op.MatMul(f(3, 6), f(3, 4), f(6, 5), true));
    refused(
        "matmul: x [3, 4] w [5, 6]: K differs, 4 and 5",
        new Op.MatMul(f(3, 6), f(3, 4), f(5, 6), false));
    refused(
        "matmul: x [3, 4] w [6, 4]: out [3, 5], want [3, 6]",
        new Op.MatMul(f(3, 5), f(3, 4), f(6, 4), true));
    refused(
        "matmul: x [2, 3, 4] w [3, 6, 4]: leading dimensions differ",
        new Op.MatMul(f(2, 3, 6), f(2, 3, 4), f(3, 6, 4), true));
    refused(
        "matmul: x [3, 4] w [2, 6, 4]: w has 2 dimensions, or as many as x",
        new Op.MatMul(f(3, 6), f(3, 4), f(2, 6, 4), true));
    refused("matmul: x []: want at least one dimension", new Op.MatMul(f(), f(), f(1, 1), true));
    refused(
        "matmul: w Q4_0 [32, 32]: a block type is [N, K]",
        new Op.MatMul(f(3, 32), f(3, 32), t(Q4_0, 32, 32), false));
    refused(
        "matmul: x Q8_0 [3, 32] w F32 [6, 32]: x of blocks wants w of a block type",
        new Op.MatMul(f(3, 6), t(Q8_0, 3, 32), f(6, 32), true));
    refused(
        "matmul: out F16 [3, 6]: want [F32]",
        new Op.MatMul(t(F16, 3, 6), t(Q8_0, 3, 32), t(Q4_0, 6, 32), true));
    refused(
        "matmul: w F32 [4, 4]: a packed weight is [N, K]",
        new Op.MatMul(f(3, 4), f(3, 4), packed(F32, 4, 4), false));
    refused(
        "matmul: w I32 [6, 4]: want a weight type", new Op.MatMul(f(3, 6), f(3, 4), i(6, 4), true));
    refused(
        "matmul: x I32 [3, 4]: want F32, F16, BF16 or Q8_0",
        new Op.MatMul(f(3, 6), i(3, 4), f(6, 4), true));
    refused("linear: bias [5]: want [6]", linear(f(3, 6), f(5), f(3, 6)));
    refused(
        "linear: residual [3, 5] out [3, 6]: want the same shape", linear(f(3, 6), f(6), f(3, 5)));
    refused(
        "gatedlinear: w [5, 4]: want [6, 4]",
        new Op.GatedLinear(f(2, 3), f(2, 4), f(5, 4), Activation.SILU));
    refused(
        "gatedlinear: out [3, 3]: want [2, 3]",
        new Op.GatedLinear(f(3, 3), f(2, 4), f(6, 4), Activation.SILU));
    refused(
        "gatedlinear: x [2, 2, 4]: want 2 dimensions",
        new Op.GatedLinear(f(2, 3), f(2, 2, 4), f(6, 4), Activation.SILU));
    return tests;
  }

  private Op linear(Tensor out, Tensor bias, Tensor residual) {
    return new Op.Linear(
        out, f(3, 4), f(6, 4), Optional.of(bias), Activation.RELU, Optional.of(residual));
  }

  @TestFactory
  List<DynamicTest> fused() {
    refused(
        "addnorm: sum [2, 3] a [2, 4]: want the same shape",
        new Op.AddNorm(f(2, 3), f(2, 3), f(2, 4), f(2, 3), NO, NO, 1e-5f, NormKind.RMS));
    refused(
        "addnorm: weight [4]: want [3]",
        new Op.AddNorm(
            f(2, 3), f(2, 3), f(2, 3), f(2, 3), Optional.of(f(4)), NO, 1e-5f, NormKind.RMS));
    refused(
        "qkvropestore: q [2, 4, 8] kPages [3, 16, 2, 4]: head sizes differ",
        store(f(2, 4, 8), f(3, 16, 2, 4), f(2, 64), NO));
    refused(
        "qkvropestore: qkv [2, 60]: want [2, 64]", store(f(2, 4, 8), f(3, 16, 2, 8), f(2, 60), NO));
    refused(
        "qkvropestore: qNorm and kNorm come together",
        store(f(2, 4, 8), f(3, 16, 2, 8), f(2, 64), Optional.of(f(8))));
    refused(
        "sample: parameters [2, 4]: want [2, 5]",
        new Op.Sample(i(2), f(2, 9), f(2, 4), i(2, 3), i(2), i(3)));
    refused(
        "sample: history [3, 3]: want [2, 3]",
        new Op.Sample(i(2), f(2, 9), f(2, 5), i(3, 3), i(2), i(3)));
    return tests;
  }

  private Op store(Tensor q, Tensor kPages, Tensor qkv, Optional<Tensor> qNorm) {
    Tensor vPages = f(kPages.shape().toArray());
    return new Op.QkvRopeStore(
        q, kPages, vPages, qkv, NO, qNorm, NO, 1e-6f, f(9, 2, 4), i(2), false, i(1, 2), seq(1));
  }

  /** Nothing reaches the device for ops on nothing. */
  @TestFactory
  DynamicTest nothing() {
    return dynamicTest(
        "zero elements",
        () -> {
          NullDevice untouched = new NullDevice();
          new Ops(untouched.openQueue(0, arena), new Workspace(untouched, 256, arena))
              .run(new Op.Fill(untouched.tensor(arena, F32, 0, 4), 1));
          assertEquals(List.of(), untouched.executed());
        });
  }

  /** A buffer is only as large as it says. */
  @TestFactory
  DynamicTest emptyBuffers() {
    Tensor none = Tensor.of(device.allocate(0, Usage.STATE, arena), 0, Shape.of(0), F32);
    return dynamicTest("an empty buffer", () -> ops.run(new Op.Copy(none, none)));
  }
}
