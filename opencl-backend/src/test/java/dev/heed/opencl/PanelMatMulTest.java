package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Products of the CPU family: one row alone has the bits it has in a tile, however quants are
 * taken.
 */
class PanelMatMulTest {
  private static final int N = 64;
  private static final int K = 512;

  /** Of the usual size, and where x in F32 nearly begins or ends. */
  private static final double[] FACTORS = {1, 0x1p-100, 0x1p60, 0x1p107};

  @ParameterizedTest
  @EnumSource(names = {"Q4_0", "Q5_1", "Q4_K", "Q6_K", "Q8_0"})
  void subnormalQuantsGiveTheSameBits(DType type) {
    double[][] plain = products(type, 0);
    double[][] subnormal = products(type, 1);
    for (int i = 0; i < FACTORS.length; i++) {
      double[] inTile = Arrays.copyOf(plain[2 * i + 1], N);
      assertTrue(Arrays.stream(inTile).anyMatch(v -> v != 0 && Double.isFinite(v)));
      assertArrayEquals(inTile, plain[2 * i], type + " converted, x times " + FACTORS[i]);
      assertArrayEquals(inTile, subnormal[2 * i], type + " subnormal, x times " + FACTORS[i]);
    }
  }

  /** One row times a weight, then two, for each factor. */
  private static double[][] products(DType type, int subnormals) {
    Options options =
        Options.fromProperties()
            .withFamily(Family.CPU)
            .withTuning("panels.SUBNORMALS=" + subnormals);
    try (OpenClDevice device = Drivers.open(options);
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(1 << 16, arena)) {
      assumeTrue(device.tuning().get(Tunable.PANELS_SUBNORMALS) == subnormals, "no subnormals");
      Operands o = new Operands(device, queue, arena, 1, 0);
      Tensor w = o.packed(type, Use.MATRIX, N, K);
      double[][] results = new double[2 * FACTORS.length][];
      for (int i = 0; i < FACTORS.length; i++) {
        double factor = FACTORS[i];
        Random random = new Random(i);
        double[] values = random.doubles(2 * K, -1, 1).map(v -> factor * (float) v).toArray();
        values[5] = 0;
        Tensor x = o.floats(DType.F32, Shape.of(2, K), values);
        Tensor one = o.out(DType.F32, 1, N);
        Tensor two = o.out(DType.F32, 2, N);
        queue.synchronize();
        queue.execute(new Op.MatMul(one, x.rows(0, 1), w, true));
        queue.execute(new Op.MatMul(two, x, w, true));
        queue.synchronize();
        results[2 * i] = o.snapshot().read(one);
        results[2 * i + 1] = o.snapshot().read(two);
      }
      return results;
    }
  }
}
