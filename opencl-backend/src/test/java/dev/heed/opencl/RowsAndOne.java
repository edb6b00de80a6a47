package dev.heed.opencl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.CommandQueue;
import dev.heed.op.Op;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.function.Function;

/** A product of many rows, and behind it that of the first of them alone. */
final class RowsAndOne {
  private RowsAndOne() {}

  /** Both, on kernels for processors, the best way being {@code most}. */
  static double[] products(
      Dots most, Function<Operands, Tensor> wOf, Function<Operands, Tensor> xOf) {
    Options options = Options.fromProperties().withFamily(Family.CPU).withDots(most);
    try (OpenClDevice device = Drivers.open(options);
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(1 << 16, arena)) {
      assumeTrue(device.dots() == most, "not on this processor");
      Operands o = new Operands(device, queue, arena, 1, 0);
      Tensor w = wOf.apply(o);
      Tensor x = xOf.apply(o);
      int m = Math.toIntExact(x.shape().dim(0));
      int n = Math.toIntExact(w.shape().dim(0));
      Tensor many = o.out(DType.F32, m, n);
      Tensor one = o.out(DType.F32, 1, n);
      queue.synchronize();
      queue.execute(new Op.MatMul(many, x, w, true));
      queue.execute(new Op.MatMul(one, x.rows(0, 1), w, true));
      queue.synchronize();
      double[] all = Arrays.copyOf(o.snapshot().read(many), (m + 1) * n);
      System.arraycopy(o.snapshot().read(one), 0, all, m * n, n);
      return all;
    }
  }
}
