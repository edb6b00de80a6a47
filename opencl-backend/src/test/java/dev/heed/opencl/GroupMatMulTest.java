package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.DeviceException;
import dev.heed.device.HostWeight;
import dev.heed.device.Use;
import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tck.Operands;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Products of the GPU families: no number of their kernels decides what they compute. */
class GroupMatMulTest {
  private static final long M = 19;
  private static final long N = 77;
  private static final long K = 576; // two segments and a part of one

  @ParameterizedTest
  @CsvSource({
    "LOCAL, 'matmul_local.TILE_M=32,matmul_local.TILE_N=32,matmul_local.PER_ITEM_M=2'",
    "LOCAL, 'matmul_local.BUFFERS=2,matmul_local.TILE_K=64,matmul_local.PER_ITEM_N=16'",
    "LOCAL, 'matvec_local.OUT_COLUMNS=8,matvec_local.SLICES=4,matvec_local.few=8'",
    "SUBGROUP, ''",
    "SUBGROUP, 'matmul_subgroup.PER_ITEM_M=4,matmul_subgroup.PER_ITEM_N=2'",
    "SUBGROUP, 'matvec_subgroup.OUT_COLUMNS=16,matvec_subgroup.UNROLL=2,matvec_subgroup.few=8'",
  })
  void tilesDoNotDecideBits(Family family, String tuning) {
    double[] want = gated(Family.LOCAL, "", M);
    assertArrayEquals(want, gated(family, tuning, M), "in tiles");
    for (int rows : new int[] {3, 7}) {
      double[] few = Arrays.copyOf(want, (int) (rows * N));
      assertArrayEquals(few, gated(family, tuning, rows), rows + " rows");
    }
  }

  /** The first rows of a gated product of Q5_1, row-major, so that any number of columns goes. */
  private static double[] gated(Family family, String tuning, long m) {
    Options options =
        Options.fromProperties().withFamily(family).withStaged(true).withTuning(tuning);
    try (OpenClDevice device = Drivers.open(options);
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      Operands o = new Operands(device, queue, arena, 1, 0);
      Tensor x = o.normal(DType.F32, M, K);
      Tensor w = o.normal(DType.Q5_1, 2 * N, K);
      Tensor out = o.out(DType.F32, m, N);
      queue.synchronize();
      queue.execute(new Op.GatedLinear(out, x.rows(0, m), w, Activation.SILU));
      queue.synchronize();
      return o.snapshot().read(out);
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void aPackedWeightComesBackWithItsBits(DType type) {
    if (type.isBlock() || type.isFloat()) {
      roundTrip(Family.CPU, type);
      roundTrip(Family.LOCAL, type);
    }
  }

  private static void roundTrip(Family family, DType type) {
    long n = 45;
    long k = type.isBlock() ? 512 : 75;
    Options options = Options.fromProperties().withFamily(family).withStaged(true);
    try (OpenClDevice device = Drivers.open(options);
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      MemorySegment bytes = new Operands(device, queue, arena, 2, 0).host(type, n * k);
      HostWeight weight =
          new HostWeight("w", List.of(bytes), Shape.of(n, k), type, false, Use.MATRIX);
      Tensor packed = device.pack(weight, queue, arena);
      MemorySegment back = arena.allocate(bytes.byteSize());
      queue.download(packed, back);
      queue.synchronize();
      assertEquals(-1, bytes.mismatch(back), family + " " + type);
      long strip = device.packedBytes(weight) / Panels.count(n);
      assertEquals(0, strip % 64, "where the next 32 rows begin, for loads of 16 bytes");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "matmullocal.cl, -DTILE_M=30, a tile is whole items",
    "matmullocal.cl, -DPER_ITEM_N=4, pairs of vectors",
    "matmullocal.cl, -DTILE_K=48, a segment is whole tiles",
    "matmulsubgroup.cl, -DPER_ITEM_M=0, at least 1",
    "matvec.cl, -DSUBGROUP=EMULATED -DOUT_COLUMNS=3, whole columns",
  })
  void kernelsRefuseIllegalNumbers(String file, String defines, String why) throws Throwable {
    String types = "-DOUT=F32 -DX=F32 -DW=F32 -DW_PLAIN -DRESIDUAL=F32 ";
    try (OpenClDevice device = Drivers.open(Options.fromProperties())) {
      Programs.Key key = new Programs.Key(file, types + defines);
      DeviceException.KernelBuild e =
          DriverOutput.without(
              () ->
                  assertThrows(
                      DeviceException.KernelBuild.class, () -> device.programs().get(key)));
      assertTrue(e.getCause().getMessage().contains(why), e.getCause().getMessage());
    }
  }

  /** What {@link Tunable} allows is what the kernels' own checks allow. */
  @Test
  void legalValuesMakeWholeTiles() {
    for (Map<Tunable, Integer> c : Tuning.combinations(Tunable.Group.MATMUL_LOCAL)) {
      assertEquals(0, c.get(Tunable.LOCAL_TILE_M) % c.get(Tunable.LOCAL_ITEM_M), c.toString());
      assertEquals(0, c.get(Tunable.LOCAL_TILE_N) % c.get(Tunable.LOCAL_ITEM_N), c.toString());
      assertEquals(0, c.get(Tunable.LOCAL_ITEM_N) % 8, c.toString());
      assertEquals(0, c.get(Tunable.LOCAL_TILE_K) % 32, c.toString());
      assertEquals(0, 256 % c.get(Tunable.LOCAL_TILE_K), c.toString());
    }
  }

  @Test
  void aTileThatDoesNotFitIsRefused() {
    try (OpenClDevice device = Drivers.open(Options.fromProperties())) {
      ClDevice driver = device.driver();
      Map<Tunable, Integer> large =
          Map.of(
              Tunable.LOCAL_TILE_M, 128,
              Tunable.LOCAL_TILE_N, 128,
              Tunable.LOCAL_TILE_K, 64,
              Tunable.LOCAL_ITEM_M, 8,
              Tunable.LOCAL_BUFFERS, 2);
      long bytes = 4 * 2 * (128 * 68 + 64 * 132);
      Tuning tuning = Tuning.defaults().with(large, "test");
      assertEquals(
          driver.localMemoryBytes() >= bytes && driver.maxGroupSize() >= 256,
          Tunable.Group.MATMUL_LOCAL.fits(tuning, driver));
      Tuning fitting = tuning.fitting(TuningTest.device(false, "any", "any", 64), Family.LOCAL);
      assertFalse(Tunable.Group.MATMUL_LOCAL.fits(tuning, TuningTest.device(false, "a", "b", 64)));
      assertTrue(Tunable.Group.MATMUL_LOCAL.fits(fitting, TuningTest.device(false, "a", "b", 64)));
    }
  }

  @Test
  void halfIsAComputeTypeWithItsExtension() {
    ClDevice plain = TuningTest.device(false, "any", "any", 256);
    assertFalse(Options.fromProperties().describe(plain, 0).computeTypes().contains(DType.F16));
    ClDevice half = TuningTest.device(false, "any", "any", 256, "cl_khr_fp16");
    assertTrue(Options.fromProperties().describe(half, 0).computeTypes().contains(DType.F16));
  }

  @Test
  void familiesArePickedByExtension() {
    Options options = Options.fromProperties().withTuning("");
    assertEquals(Family.CPU, options.familyOf(TuningTest.device(true, "any", "any", 256)));
    assertEquals(Family.LOCAL, options.familyOf(TuningTest.device(false, "NVIDIA", "x", 256)));
    String[] intel = {"cl_intel_subgroups", "cl_intel_required_subgroup_size"};
    ClDevice arc = TuningTest.device(false, "Intel", "Arc", 256, intel);
    assertEquals(Family.SUBGROUP, options.familyOf(arc));
    assertEquals(Subgroups.Means.INTEL, Subgroups.usedOn(arc).means());
  }
}
