package dev.heed.tck.check;

import dev.heed.device.DeviceInfo;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What every device must execute itself. */
final class Mandatory {
  private Mandatory() {}

  /**
   * True for casts to F32; MatMul C x any to C or F32 and Gather any to C or F32, C being F32 or
   * another compute type; and all other primitives in any mix of I32, F32 and one C. Of the compute
   * type Q8_0 the cast alone: products that a device has not are made by way of F32.
   */
  static boolean is(Op op, DeviceInfo info) {
    return switch (op) {
      case Op.Fused f -> false;
      case Op.Copy o -> true;
      case Op.Cast o when o.out().dtype() == DType.F32 -> true;
      case Op.Gather o -> computes(info, o.out());
      case Op.MatMul o ->
          !o.x().dtype().isBlock()
              && info.computeTypes().contains(o.x().dtype())
              && (o.out().dtype() == o.x().dtype() || o.out().dtype() == DType.F32);
      case Op.Primitive p -> {
        Set<DType> types =
            Stream.concat(p.outputs().stream(), p.inputs().stream())
                .map(Tensor::dtype)
                .filter(t -> t != DType.F32 && t != DType.I32)
                .collect(Collectors.toSet());
        yield types.size() <= 1 && info.computeTypes().containsAll(types);
      }
    };
  }

  private static boolean computes(DeviceInfo info, Tensor t) {
    return t.dtype() == DType.F32 || info.computeTypes().contains(t.dtype());
  }
}
