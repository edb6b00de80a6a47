package dev.heed.tck.reference;

import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * What each op gives, in F64, written from the op's description alone and in the plainest way. No
 * device takes part.
 */
public final class Reference {
  private Reference() {}

  /** The contents of tensors before the op, in row-major order without gaps. */
  @FunctionalInterface
  public interface Values {
    /** A fresh array of the elements of {@code t}, dequantised where it is of a block type. */
    double[] read(Tensor t);
  }

  /** The result of attention where every score, weight and sum is rounded. */
  public static double[] rounded(Op.Attention op, Values in, DoubleUnaryOperator rounding) {
    Map<Tensor, double[]> out = new LinkedHashMap<>();
    new AttentionReference(op, in, rounding).into(out);
    return out.get(op.out());
  }

  /** The expected contents of every tensor that {@code op} writes. */
  public static Map<Tensor, double[]> of(Op op, Values in) {
    Map<Tensor, double[]> out = new LinkedHashMap<>();
    switch (op) {
      case Op.Primitive p -> primitive(p, in, out);
      case Op.Fused f -> fused(f, in, out);
    }
    return out;
  }

  private static void primitive(Op.Primitive op, Values in, Map<Tensor, double[]> out) {
    switch (op) {
      case Op.Copy o -> out.put(o.out(), in.read(o.in()));
      case Op.Fill o -> out.put(o.out(), Moving.fill(o));
      case Op.Cast o ->
          out.put(
              o.out(),
              o.out().dtype() == DType.Q8_0 ? Moving.rounded(in.read(o.in())) : in.read(o.in()));
      case Op.Gather o -> out.put(o.out(), Moving.gather(o, in));
      case Op.StoreRows o -> {
        double[] pages = in.read(o.pages());
        Moving.store(pages, o.pages(), in.read(o.rows()), o.blockTable(), o.seq(), in);
        out.put(o.pages(), pages);
      }
      case Op.Add o -> out.put(o.out(), Elementwise.add(o.out(), o.a(), o.b(), in));
      case Op.Mul o ->
          out.put(
              o.out(),
              Elementwise.broadcast(
                  o.out().shape(), o.a(), o.b(), (double a, double b) -> a * b, in));
      case Op.Activate o ->
          out.put(
              o.out(), Elementwise.activate(in.read(o.in()), o.fn(), o.inScale(), o.outScale()));
      case Op.Dropout o -> {
        out.put(o.out(), Elementwise.dropout(o, in));
        out.put(o.random().state(), Elementwise.advanced(in.read(o.random().state())));
      }
      case Op.Norm o ->
          out.put(
              o.out(),
              Rows.norm(
                  in.read(o.x()), o.x().shape(), o.weight(), o.bias(), o.eps(), o.kind(), in));
      case Op.Rope o ->
          out.put(
              o.out(),
              Rows.rope(
                  in.read(o.x()), o.x().shape(), o.cosSin(), o.positions(), o.interleaved(), in));
      case Op.Softmax o -> out.put(o.out(), Rows.softmax(o, in));
      case Op.Pool o -> out.put(o.out(), Rows.pool(o, in));
      case Op.TopK o -> Rows.topK(o, in, out);
      case Op.MatMul o ->
          out.put(o.out(), Matrices.matmul(o.out(), o.x(), o.w(), o.transposeW(), in));
      case Op.Attention o -> new AttentionReference(o, in).into(out);
    }
  }

  private static void fused(Op.Fused op, Values in, Map<Tensor, double[]> out) {
    switch (op) {
      case Op.Linear o -> out.put(o.out(), Matrices.linear(o, in));
      case Op.GatedLinear o -> out.put(o.out(), Matrices.gated(o, in));
      case Op.AddNorm o -> {
        double[] sum = Elementwise.add(o.sum(), o.a(), o.b(), in);
        out.put(o.sum(), sum);
        out.put(
            o.out(), Rows.norm(sum, o.sum().shape(), o.weight(), o.bias(), o.eps(), o.kind(), in));
      }
      case Op.QkvRopeStore o -> Fused.qkvRopeStore(o, in, out);
      case Op.Sample o -> {
        out.put(o.ids(), Fused.sample(o, in));
        out.put(o.state(), Elementwise.advanced(in.read(o.state())));
      }
    }
  }
}
