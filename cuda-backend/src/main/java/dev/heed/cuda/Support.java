package dev.heed.cuda;

import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;
import static dev.heed.tensor.DType.I8;
import static dev.heed.tensor.DType.Q8_0;

import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;
import java.util.List;

/** Which ops the kernels execute: all, with F32, F16 and BF16 in any combination. */
final class Support {
  private Support() {}

  static boolean has(Op op) {
    return switch (op) {
      case Op.MatMul o -> product(o, o.out(), o.x(), o.w());
      case Op.Linear o ->
          product(o, o.out(), o.x(), o.w()) && o.bias().map(b -> b.dtype() == F32).orElse(true);
      case Op.GatedLinear o -> product(o, o.out(), o.x(), o.w());
      case Op.Gather o -> real(o.out()) && rowMajor(o, o.table());
      case Op.Cast o -> rowMajor(o) && (o.out().dtype().isFloat() || o.out().dtype() == Q8_0);
      case Op.Copy o -> rowMajor(o);
      case Op.Fill o -> rowMajor(o) && !o.out().dtype().isBlock();
      case Op.Add o -> rowMajor(o) && (all(o, I32) || real(o.out(), o.a(), o.b()));
      case Op.Mul o -> rowMajor(o) && real(o.out(), o.a(), o.b());
      case Op.Rope o -> rowMajor(o) && o.cosSin().isDense();
      case Op.QkvRopeStore o -> rowMajor(o) && o.cosSin().isDense();
      case Op.Attention o -> rowMajor(o);
      case Op.StoreRows o -> rowMajor(o);
      case Op.Activate o -> rowMajor(o);
      case Op.Dropout o -> rowMajor(o);
      case Op.Norm o -> rowMajor(o);
      case Op.AddNorm o -> rowMajor(o);
      case Op.Softmax o -> rowMajor(o);
      case Op.Pool o -> rowMajor(o);
      case Op.TopK o -> rowMajor(o);
      case Op.Sample o -> rowMajor(o);
      default -> false;
    };
  }

  /** Weights of any type and layout, in panels for x of Q8_0; sums are F32. */
  private static boolean product(Op op, Tensor out, Tensor x, Tensor w) {
    if (x.dtype() == Q8_0) {
      boolean panels = w.dtype().isBlock() && w.layout() == Layout.DEVICE;
      return real(out) && panels && w.shape().dim(1) <= Products.MOST_BYTES && rowMajor(op, w);
    }
    return real(out, x) && w.dtype() != I32 && w.dtype() != I8 && rowMajor(op, w);
  }

  private static boolean real(Tensor... tensors) {
    for (Tensor t : tensors) {
      if (!t.dtype().isFloat()) {
        return false;
      }
    }
    return true;
  }

  private static boolean all(Op op, DType type) {
    return all(op.outputs(), type) && all(op.inputs(), type);
  }

  private static boolean all(List<Tensor> tensors, DType type) {
    for (Tensor t : tensors) {
      if (t.dtype() != type) {
        return false;
      }
    }
    return true;
  }

  private static boolean rowMajor(Op op) {
    return rowMajor(op, null);
  }

  /** Row-major throughout but for one, and vectors of one dimension without gaps. */
  private static boolean rowMajor(Op op, Tensor but) {
    return rowMajor(op.outputs(), but) && rowMajor(op.inputs(), but);
  }

  private static boolean rowMajor(List<Tensor> tensors, Tensor but) {
    for (Tensor t : tensors) {
      boolean gaps = t.shape().rank() == 1 && !t.isDense();
      if (gaps || t.layout() != Layout.ROW_MAJOR && t != but) {
        return false;
      }
    }
    return true;
  }
}
