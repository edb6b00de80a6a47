package dev.heed.tck.check;

import dev.heed.device.DeviceInfo;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.stream.Stream;

/** What every device must execute itself. */
final class Mandatory {
  private Mandatory() {}

  /**
   * True for primitives in F32 and I32; casts to F32; and in F32 or another compute type C: MatMul
   * C x any to C or F32, Norm F32 to C, Add F32 + C to F32, Gather any to C or F32.
   */
  static boolean is(Op op, DeviceInfo info) {
    return switch (op) {
      case Op.Fused f -> false;
      case Op.Copy o -> true;
      case Op.Cast o -> o.out().dtype() == DType.F32;
      case Op.Gather o -> computes(info, o.out());
      case Op.MatMul o ->
          info.computeTypes().contains(o.x().dtype())
              && (o.out().dtype() == o.x().dtype() || o.out().dtype() == DType.F32);
      case Op.Norm o -> o.x().dtype() == DType.F32 && computes(info, o.out());
      case Op.Add o ->
          o.out().dtype() == DType.I32
              || o.out().dtype() == DType.F32 && computes(info, o.a()) && computes(info, o.b());
      case Op.Primitive p ->
          Stream.concat(p.outputs().stream(), p.inputs().stream())
              .map(Tensor::dtype)
              .allMatch(t -> t == DType.F32 || t == DType.I32);
    };
  }

  private static boolean computes(DeviceInfo info, Tensor t) {
    return t.dtype() == DType.F32 || info.computeTypes().contains(t.dtype());
  }
}
