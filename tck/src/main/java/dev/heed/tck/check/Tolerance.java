package dev.heed.tck.check;

import dev.heed.op.Op;
import dev.heed.op.PoolKind;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Tensor;

/**
 * How far from the F64 reference a result may be: the normalised mean square error, {@code sum (got
 * - want)^2 / sum want^2}. 0 means equal once the reference is rounded to the result's type.
 */
public final class Tolerance {
  private static final double ELEMENTWISE = 1e-12;
  private static final double SUM = 1e-11; // for each 1024 summed terms
  private static final double QUANTISED = 1e-10;
  private static final double F16 = 1e-7;
  private static final double BF16 = 1e-5;

  /** Where a weight is kept in fewer digits, and x rounded alike: as of products in F16. */
  static final double FEWER_DIGITS = F16;

  private Tolerance() {}

  /** The limit for one output of an op. */
  public static double of(Op op, Tensor out) {
    double exact =
        switch (op) {
          case Op.Copy o -> 0;
          case Op.Fill o -> 0;
          case Op.Cast o -> 0;
          case Op.Gather o -> 0;
          case Op.StoreRows o -> 0;
          case Op.TopK o -> 0;
          case Op.Sample o -> 0;
          case Op.Pool o -> o.kind() == PoolKind.MEAN ? ELEMENTWISE : 0;
          case Op.MatMul o -> product(o.x(), o.w());
          case Op.Linear o -> product(o.x(), o.w());
          case Op.GatedLinear o -> product(o.x(), o.w());
          case Op.Attention o -> sum(o.seq().maxKeys());
          default -> ELEMENTWISE;
        };
    return switch (out.dtype()) {
      case F16 -> exact == 0 ? 0 : Math.max(exact, F16);
      case BF16 -> exact == 0 ? 0 : Math.max(exact, BF16);
      case F32 -> exact;
      default -> 0;
    };
  }

  private static double product(Tensor x, Tensor w) {
    double rounding =
        x.dtype() == DType.F16 ? F16 : x.dtype() == DType.BF16 ? BF16 : sum(x.shape().dim(-1));
    if (w.layout() == Layout.ROUNDED) {
      return Math.max(rounding, FEWER_DIGITS);
    }
    return w.dtype().isBlock() ? Math.max(rounding, QUANTISED) : rounding;
  }

  private static double sum(long terms) {
    return SUM * Math.max(1, terms / 1024.0);
  }
}
