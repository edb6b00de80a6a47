package dev.heed.tck.golden;

import static dev.heed.tensor.DType.F32;

import dev.heed.checkpoint.Checkpoint;
import dev.heed.checkpoint.CheckpointTensor;
import dev.heed.op.Activation;
import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.tck.Operands;
import dev.heed.tck.golden.GoldenCase.Rule;
import dev.heed.tck.golden.GoldenCase.Run;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/** Results of PyTorch on a CPU in F32: {@code golden/pytorch}, attention and single ops. */
public final class PyTorchCases {
  /** Absolute and relative. */
  static final double LIMIT = 1e-5;

  private PyTorchCases() {}

  /** All cases of the folder. */
  public static List<GoldenCase> all(Path folder) {
    List<GoldenCase> cases = new ArrayList<>(PyTorchAttention.all(folder));
    Path ops = folder.resolve("ops.safetensors");
    Optional<Tensor> no = Optional.empty();
    add(cases, ops, "layer_norm", (f, x) -> norm(f, x, NormKind.LAYER, 1e-5f));
    add(cases, ops, "rms_norm", (f, x) -> norm(f, x, NormKind.RMS, 1e-6f));
    add(cases, ops, "softmax", (f, x) -> new Op.Softmax(f.out(), x, 3, no, false, false));
    add(cases, ops, "gelu", (f, x) -> new Op.Activate(f.out(), x, Activation.GELU));
    add(cases, ops, "gelu_tanh", (f, x) -> new Op.Activate(f.out(), x, Activation.GELU_TANH));
    add(cases, ops, "silu", (f, x) -> new Op.Activate(f.out(), x, Activation.SILU));
    cases.add(
        GoldenCase.notApplicable("ops: sinusoidal_50x64", "a table that a layer makes, not an op"));
    return cases;
  }

  /** The tensors of a file and where the result goes. */
  private record Inputs(Map<String, double[]> values, Operands operands, Tensor out) {
    Tensor vector(String name) {
      double[] v = values.get(name);
      return operands.floats(F32, Shape.of(v.length), v);
    }
  }

  private static void add(
      List<GoldenCase> cases, Path path, String name, BiFunction<Inputs, Tensor, Op> build) {
    cases.add(
        GoldenCase.of(
            "ops: " + name,
            o -> {
              Map<String, double[]> values = read(path);
              Tensor out = o.out(F32, 5, 257);
              Tensor x = o.floats(F32, out.shape(), values.get("x"));
              Op op = build.apply(new Inputs(values, o, out), x);
              return Run.of(op, out, values.get(name), Rule.CLOSE, LIMIT);
            }));
  }

  private static Op norm(Inputs f, Tensor x, NormKind kind, float eps) {
    Optional<Tensor> bias = kind == NormKind.LAYER ? Optional.of(f.vector("b")) : Optional.empty();
    return new Op.Norm(f.out(), x, Optional.of(f.vector("w")), bias, eps, kind);
  }

  /** All tensors of a safetensors file, of F32 or I32. */
  static Map<String, double[]> read(Path path) {
    try (Checkpoint file = Checkpoint.open(path)) {
      Map<String, double[]> values = new LinkedHashMap<>();
      file.tensors().values().forEach(t -> values.put(t.name(), values(t)));
      return values;
    }
  }

  private static double[] values(CheckpointTensor t) {
    double[] v = new double[(int) t.shape().elements()];
    for (int i = 0; i < v.length; i++) {
      v[i] =
          t.dtype() == F32
              ? t.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i)
              : t.data().get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i);
    }
    return v;
  }
}
