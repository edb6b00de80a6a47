package dev.heed.device.cpu;

import static dev.heed.tensor.DType.BF16;
import static dev.heed.tensor.DType.F16;
import static dev.heed.tensor.DType.F32;
import static dev.heed.tensor.DType.I32;

import dev.heed.op.KeyValues;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Quants;
import dev.heed.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Which ops the CPU device executes: all primitives in F32; weights and caches in more types. */
final class Support {
  private Support() {}

  static boolean has(Op op, PanelLayout layout) {
    return switch (op) {
      case Op.Copy o -> rowMajor(o);
      case Op.Fill o ->
          rowMajor(o) && (real(o.out()) || o.out().dtype() == I32 || o.out().dtype() == DType.I8);
      case Op.Cast o -> rowMajor(o) && (real(o.out()) || o.out().dtype() == DType.Q8_0);
      case Op.Gather o ->
          rowMajor(List.of(o.out(), o.ids()))
              && f32(o.out())
              && weight(o.table())
              && o.table().layout() != Layout.ROUNDED;
      case Op.StoreRows o -> rowMajor(o) && real(o.pages()) && f32(o.rows());
      case Op.Add o -> rowMajor(o) && (all(o, F32) || all(o, I32));
      case Op.Mul o -> rowMajor(o) && all(o, F32);
      case Op.Activate o -> rowMajor(o) && all(o, F32);
      case Op.Dropout o -> rowMajor(o) && f32(o.out(), o.in());
      case Op.Norm o -> rowMajor(o) && all(o, F32);
      case Op.Rope o -> rowMajor(o) && f32(o.out(), o.x());
      case Op.Softmax o -> rowMajor(o);
      case Op.Pool o -> rowMajor(o) && f32(o.out(), o.x());
      case Op.TopK o -> rowMajor(o);
      case Op.MatMul o -> product(o.out(), o.x(), o.w());
      case Op.Linear o -> product(o.out(), o.x(), o.w()) && linear(o);
      case Op.GatedLinear o ->
          product(o.out(), o.x(), o.w()) && o.out().shape().dim(1) % layout.rows() == 0;
      case Op.Attention o -> rowMajor(o) && f32(o.out(), o.q()) && cache(o.kv());
      case Op.AddNorm o -> rowMajor(o) && all(o, F32);
      case Op.QkvRopeStore o -> rowMajor(o) && f32(o.q(), o.qkv()) && QkvKernel.fits(o);
      case Op.Sample o -> rowMajor(o);
      default -> false;
    };
  }

  /** Weights of any type and layout; sums are F32. */
  private static boolean product(Tensor out, Tensor x, Tensor w) {
    return rowMajor(List.of(out, x))
        && f32(out)
        && (x.dtype() == F32 || x.dtype() == DType.Q8_0 && w.layout() != Layout.ROUNDED)
        && weight(w);
  }

  private static boolean weight(Tensor w) {
    return (w.layout() != Layout.ROW_MAJOR || rowMajor(List.of(w)))
        && Quants.canDequantize(w.dtype());
  }

  private static boolean linear(Op.Linear o) {
    List<Tensor> added = new ArrayList<>();
    o.bias().ifPresent(added::add);
    o.residual().ifPresent(added::add);
    return rowMajor(added) && all(added, F32);
  }

  private static boolean cache(KeyValues kv) {
    return real(kv.keys()) && real(kv.values());
  }

  private static boolean real(Tensor t) {
    return t.dtype() == F32 || t.dtype() == F16 || t.dtype() == BF16;
  }

  private static boolean f32(Tensor... tensors) {
    return all(List.of(tensors), F32);
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

  /** Row-major throughout, and vectors of one dimension without gaps. */
  private static boolean rowMajor(Op op) {
    return rowMajor(op.outputs()) && rowMajor(op.inputs());
  }

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
