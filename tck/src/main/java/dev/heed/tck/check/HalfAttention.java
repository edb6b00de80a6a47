package dev.heed.tck.check;

import dev.heed.op.Op;
import dev.heed.tck.Numbers;
import dev.heed.tck.Operands;
import dev.heed.tck.reference.Reference;
import dev.heed.tensor.DType;

/**
 * The tolerance for attention in 16 bits, as in FlashAttention's tests: twice the largest error of
 * plain attention with every step rounded, and twice the largest rounding error of {@code want +
 * 0.3 - 0.3}.
 */
final class HalfAttention {
  private HalfAttention() {}

  static double limit(Op.Attention op, Operands operands, double[] want) {
    DType type = op.out().dtype();
    double[] plain = Reference.rounded(op, operands::read, v -> Numbers.round(type, v));
    double error = 0;
    double rounding = 0;
    for (int i = 0; i < want.length; i++) {
      error = Math.max(error, Math.abs(plain[i] - want[i]));
      double there = Numbers.round(type, Numbers.round(type, want[i]) + 0.3);
      double back = Numbers.round(type, there - 0.3);
      rounding = Math.max(rounding, Math.abs(back - Numbers.round(type, want[i])));
    }
    return 2 * error + 2 * rounding;
  }
}
