package dev.heed.tck.golden;

import static dev.heed.tensor.DType.F32;

import dev.heed.op.Activation;
import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.tck.Operands;
import dev.heed.tck.golden.GoldenCase.Rule;
import dev.heed.tck.golden.GoldenCase.Run;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The ONNX standard's own cases for the ops Heed has: {@code golden/onnx-ops}. */
public final class OnnxCases {
  /** Absolute and relative. */
  private static final double LIMIT = 1e-5;

  /** The same for results that were rounded to 16 bits. */
  private static final double HALF_LIMIT = 2e-3;

  private OnnxCases() {}

  /** A case for every file of the folder, in order of their names. */
  public static List<GoldenCase> all(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".json")).sorted().map(OnnxCases::of).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static GoldenCase of(Path path) {
    String name = path.getFileName().toString().replace(".json", "");
    OnnxFile file = OnnxFile.read(path);
    return switch (file.op()) {
      case "Attention" -> GoldenCase.of(name, o -> new OnnxAttention(file).build(o));
      case "RotaryEmbedding" -> GoldenCase.of(name, o -> rotary(file, o));
      case "LayerNormalization" -> GoldenCase.of(name, o -> norm(file, NormKind.LAYER, o));
      case "RMSNormalization" -> GoldenCase.of(name, o -> norm(file, NormKind.RMS, o));
      case "Softmax" -> GoldenCase.of(name, o -> softmax(file, false, o));
      case "LogSoftmax" -> GoldenCase.of(name, o -> softmax(file, true, o));
      case "Gelu" -> GoldenCase.of(name, o -> activate(file, gelu(file), o));
      case "Swish" ->
          file.attribute("alpha", 1) == 1
              ? GoldenCase.of(name, o -> activate(file, Activation.SILU, o))
              : GoldenCase.notApplicable(name, "SiLU has alpha 1");
      case "DequantizeLinear" ->
          GoldenCase.notApplicable(
              name, "Heed has no " + file.input("x").type() + " with zero points");
      default -> throw new IllegalArgumentException(path + ": no op for " + file.op());
    };
  }

  /** What the result is compared with. */
  static double limit(OnnxFile.Values result) {
    return result.type().equals("float16") ? HALF_LIMIT : LIMIT;
  }

  private static Run result(Op op, Tensor out, OnnxFile file) {
    OnnxFile.Values want = file.result();
    return Run.of(op, out, want.data(), Rule.CLOSE, limit(want));
  }

  private static Activation gelu(OnnxFile file) {
    return file.text("approximate", "none").equals("tanh") ? Activation.GELU_TANH : Activation.GELU;
  }

  private static Run activate(OnnxFile file, Activation fn, Operands o) {
    OnnxFile.Values x = file.input("x");
    Tensor out = o.out(F32, x.shape().toArray());
    return result(new Op.Activate(out, o.floats(F32, x.shape(), x.data()), fn), out, file);
  }

  private static Run softmax(OnnxFile file, boolean log, Operands o) {
    OnnxFile.Values x = file.input("x");
    int axis = (int) file.attribute("axis", -1);
    if (axis != -1 && axis != x.rank() - 1) {
      throw new IllegalArgumentException("softmax over axis " + axis + " of " + x.shape());
    }
    Tensor out = o.out(F32, x.shape().toArray());
    Tensor in = o.floats(F32, x.shape(), x.data());
    return result(new Op.Softmax(out, in, 1, Optional.empty(), false, log), out, file);
  }

  /** Normalises all dimensions from {@code axis} on: as one dimension. */
  private static Run norm(OnnxFile file, NormKind kind, Operands o) {
    OnnxFile.Values x = file.input("X");
    int axis = (int) file.attribute("axis", -1);
    long d = 1;
    for (int i = axis < 0 ? axis + x.rank() : axis; i < x.rank(); i++) {
      d *= x.dim(i);
    }
    Shape flat = Shape.of(x.shape().elements() / d, d);
    Shape vector = Shape.of(d);
    Tensor out = o.out(F32, flat.toArray());
    Op op =
        new Op.Norm(
            out,
            o.floats(F32, flat, x.data()),
            Optional.of(o.floats(F32, vector, file.input("W").data())),
            file.optional("B").map(b -> o.floats(F32, vector, b.data())),
            (float) file.attribute("epsilon", 1e-5f),
            kind);
    return result(op, out, file);
  }

  private static Run rotary(OnnxFile file, Operands o) {
    OnnxFile.Values x = file.input("input");
    boolean flat = x.rank() == 3;
    int batch = x.dim(0);
    int heads = flat ? (int) file.attribute("num_heads", 0) : x.dim(1);
    int tokens = flat ? x.dim(1) : x.dim(2);
    int d = (int) (x.shape().elements() / batch / heads / tokens);
    double[] rows = flat ? x.data() : HeadsFirst.toRows(x.data(), batch, heads, tokens, d);
    Optional<OnnxFile.Values> ids = file.optional("position_ids");
    int[] positions = new int[batch * tokens];
    for (int t = 0; t < positions.length; t++) {
      positions[t] = ids.isPresent() ? (int) ids.get().data()[t] : t;
    }
    Tensor out = o.out(F32, (long) batch * tokens, heads, d);
    Op op =
        new Op.Rope(
            out,
            o.floats(F32, out.shape(), rows),
            cosSin(file, o),
            o.ints(positions),
            file.attribute("interleaved", 0) == 1);
    double[] want = file.result().data();
    double[] wantRows = flat ? want : HeadsFirst.toRows(want, batch, heads, tokens, d);
    return Run.of(op, out, wantRows, Rule.CLOSE, LIMIT);
  }

  /** [positions, 2, R/2] out of two tables [.., R/2]. */
  private static Tensor cosSin(OnnxFile file, Operands o) {
    OnnxFile.Values cos = file.input("cos_cache");
    double[] sin = file.input("sin_cache").data();
    int half = cos.dim(-1);
    double[] both = new double[2 * sin.length];
    for (int i = 0; i < sin.length; i++) {
      both[i / half * 2 * half + i % half] = cos.data()[i];
      both[i / half * 2 * half + half + i % half] = sin[i];
    }
    return o.floats(F32, Shape.of(sin.length / half, 2, half), both);
  }
}
