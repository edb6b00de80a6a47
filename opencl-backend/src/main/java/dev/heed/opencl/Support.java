package dev.heed.opencl;

import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;
import static dev.heed.tensor.DType.Q8_0;

import dev.heed.op.KeyValues;
import dev.heed.op.Op;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Which ops OpenCL devices execute: all of them, with activations in F32, F16 or BF16 and weights
 * of any type; sums are in F32. Processors also multiply weights of block types by activations
 * rounded to Q8_0.
 */
final class Support {
  /** Head sizes are constants of the kernels, and numbers of 16 bits in their names. */
  private static final long LARGEST_HEAD = 1024;

  private Support() {}

  static boolean has(Op op, Family family) {
    return switch (op) {
      case Op.Copy o -> rowMajor(o);
      case Op.Fill o -> rowMajor(o) && !o.out().dtype().isBlock();
      case Op.Cast o -> rowMajor(o) && (real(o.out()) || o.out().dtype() == Q8_0);
      case Op.Gather o ->
          rowMajor(List.of(o.out(), o.ids()))
              && real(o.out())
              && weight(o.table())
              && !Panels.rounded(o.table());
      case Op.StoreRows o -> rowMajor(o) && real(o.pages(), o.rows());
      case Op.Add o ->
          rowMajor(o) && (real(o.out(), o.a(), o.b()) || o.out().dtype() == I32) && rank4(o.out());
      case Op.Mul o -> rowMajor(o) && real(o.out(), o.a(), o.b()) && rank4(o.out());
      case Op.Activate o -> rowMajor(o) && real(o.out(), o.in());
      case Op.Dropout o -> rowMajor(o) && real(o.out(), o.in());
      case Op.Norm o -> rowMajor(o) && real(o.out(), o.x()) && f32(o.weight(), o.bias());
      case Op.Rope o -> rowMajor(o) && real(o.out(), o.x());
      case Op.Softmax o -> rowMajor(o) && rank4(o.x());
      case Op.Pool o -> rowMajor(o) && real(o.out(), o.x());
      case Op.TopK o -> rowMajor(o);
      case Op.MatMul o -> product(o.out(), o.x(), o.w(), family);
      case Op.Linear o ->
          product(o.out(), o.x(), o.w(), family)
              && rowMajor(o.bias().stream().toList())
              && rowMajor(o.residual().stream().toList())
              && f32(o.bias())
              && o.residual().stream().allMatch(Support::real);
      case Op.GatedLinear o ->
          product(o.out(), o.x(), o.w(), family)
              && (!Panels.has(o.w()) || o.out().shape().dim(-1) % Panels.ROWS == 0);
      case Op.Attention o -> rowMajor(o) && attention(o);
      case Op.AddNorm o ->
          rowMajor(o) && real(o.out(), o.sum(), o.a(), o.b()) && f32(o.weight(), o.bias());
      case Op.QkvRopeStore o ->
          rowMajor(o)
              && real(o.q(), o.kPages(), o.qkv())
              && o.vPages().dtype() == o.kPages().dtype()
              && f32(o.bias(), o.qNorm(), o.kNorm());
      case Op.Sample o -> rowMajor(o);
      default -> false;
    };
  }

  private static boolean attention(Op.Attention o) {
    KeyValues kv = o.kv();
    return real(o.out(), o.q(), kv.keys())
        && kv.values().dtype() == kv.keys().dtype()
        && o.q().shape().dim(2) <= LARGEST_HEAD
        && o.out().shape().dim(2) <= LARGEST_HEAD;
  }

  private static boolean product(Tensor out, Tensor x, Tensor w, Family family) {
    boolean operand = real(x) || family == Family.CPU && rounded(x, w);
    return rowMajor(List.of(out, x)) && real(out) && operand && weight(w);
  }

  private static boolean rounded(Tensor x, Tensor w) {
    return x.dtype() == Q8_0 && Panels.has(w) && w.dtype().isBlock();
  }

  /** In panels, or row-major. */
  private static boolean weight(Tensor w) {
    return (Panels.has(w) || rowMajor(List.of(w))) && (w.dtype().isBlock() || real(w));
  }

  private static boolean rank4(Tensor t) {
    return t.shape().rank() <= 4;
  }

  private static boolean real(Tensor... tensors) {
    for (Tensor t : tensors) {
      if (!t.dtype().isFloat()) {
        return false;
      }
    }
    return true;
  }

  @SafeVarargs
  private static boolean f32(Optional<Tensor>... tensors) {
    for (Optional<Tensor> t : tensors) {
      if (t.isPresent() && t.get().dtype() != F32) {
        return false;
      }
    }
    return true;
  }

  private static boolean rowMajor(Op op) {
    return rowMajor(op.outputs()) && rowMajor(op.inputs());
  }

  /** Row-major throughout, and vectors of one dimension without gaps. */
  private static boolean rowMajor(List<Tensor> tensors) {
    for (Tensor t : tensors) {
      boolean gaps = t.shape().rank() == 1 && !t.isDense();
      if (t.layout() != Layout.ROW_MAJOR || gaps) {
        return false;
      }
    }
    return true;
  }
}
