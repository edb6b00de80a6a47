package dev.heed.cuda;

import static dev.heed.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceException;
import dev.heed.device.DeviceProvider;
import dev.heed.device.HostWeight;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.NormKind;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What reaches the driver: launches, lifetimes, the order of captures, errors. */
class CudaDeviceHostTest {
  private final FakeCu cu = new FakeCu();
  private final CudaProvider provider = new CudaProvider(() -> cu, capability -> new byte[1]);
  private Arena arena = Arena.ofShared();

  private Device open() {
    return provider.open(provider.discover().devices().getFirst());
  }

  @AfterEach
  void closeArena() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  private Tensor tensor(Device device, DType type, long... dims) {
    Shape shape = Shape.of(dims);
    DeviceBuffer buffer = device.allocate(type.bytes(shape.elements()), Usage.STATE, arena);
    return Tensor.of(buffer, 0, shape, type);
  }

  @Test
  void saysWhyThereIsNoGpu() {
    cu.version = 11080;
    assertEquals(
        Optional.of(
            "the NVIDIA driver is too old: it has CUDA 11.8, Heed wants 12.0; update the driver"),
        provider.discover().whyNone());
    cu.version = 12060;
    cu.devices = 0;
    assertTrue(provider.discover().whyNone().orElseThrow().contains("has no GPUs"));
    cu.devices = 1;
    cu.capability = 61;
    assertTrue(provider.discover().whyNone().orElseThrow().contains("compute capability 7.5"));
    cu.failNext("cuDeviceGetCount", 100);
    assertTrue(provider.discover().whyNone().orElseThrow().contains("nvidia-smi"));
  }

  @Test
  void turingHasNoBf16() {
    cu.capability = 75;
    DeviceProvider.Discovery found = provider.discover();
    assertFalse(found.devices().getFirst().computeTypes().contains(DType.BF16));
    cu.capability = 80;
    assertTrue(provider.discover().devices().getFirst().computeTypes().contains(DType.BF16));
  }

  @Test
  void everythingIsFreedWhenTheDeviceCloses() {
    for (boolean pools : new boolean[] {true, false}) {
      cu.pools = pools;
      Device device = open();
      tensor(device, F32, 100);
      CommandQueue queue = device.openQueue(1000, arena);
      queue.record(List.of(new Op.Fill(tensor(device, F32, 3), 1))).close();
      device.close();
      device.close();
      assertTrue(cu.isEmpty(), "pools: " + pools);
      arena.close(); // after the device: nothing is freed twice
      arena = Arena.ofShared();
    }
  }

  @Test
  void aBufferIsFreedWithItsArenaOnceQueuesAreDone() {
    try (Device device = open();
        Arena queues = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, queues)) {
      DeviceBuffer buffer = device.allocate(64, Usage.STATE, arena);
      assertEquals(0, buffer.handle().byteSize());
      queue.execute(new Op.Fill(Tensor.of(buffer, 0, Shape.of(16), F32), 1));
      cu.calls.clear();
      arena.close();
      int wait = cu.calls.indexOf("cuStreamSynchronize");
      assertTrue(wait >= 0 && wait < cu.calls.indexOf("cuMemFree"), cu.calls.toString());
    }
  }

  @Test
  void outOfMemorySaysAskedAndFree() {
    try (Device device = open()) {
      String message =
          assertThrows(
                  DeviceException.OutOfMemory.class,
                  () -> device.allocate(FakeCu.TOTAL + 1, Usage.WEIGHTS, arena))
              .getMessage();
      assertTrue(message.contains((FakeCu.TOTAL + 1) + " bytes for WEIGHTS asked"), message);
      assertTrue(message.contains(FakeCu.TOTAL + " are free"), message);
      tensor(device, F32, 4); // and goes on
    }
  }

  @Test
  void aStickyErrorLosesTheDevice() {
    Device device = open();
    CommandQueue queue = device.openQueue(0, arena);
    Tensor t = tensor(device, F32, 8);
    queue.execute(new Op.Fill(t, 1));
    cu.failNext("cuStreamSynchronize", 700);
    DeviceException.Lost lost = assertThrows(DeviceException.Lost.class, queue::synchronize);
    assertTrue(lost.getMessage().contains("waiting for enqueued ops"), lost.getMessage());
    assertEquals(1, lost.getMessage().lines().count());
    assertThrows(DeviceException.Lost.class, () -> queue.execute(new Op.Fill(t, 2)));
    assertThrows(DeviceException.Lost.class, () -> tensor(device, F32, 1));
    queue.close();
    device.close();
    assertEquals(0, cu.contexts);
  }

  @Test
  void anErrorThatPassesNamesTheOp() {
    try (Device device = open();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor t = tensor(device, F32, 8);
      cu.failNext("cuLaunchKernelEx", 701);
      DeviceException e =
          assertThrows(DeviceException.class, () -> queue.execute(new Op.Fill(t, 1)));
      assertTrue(e.getMessage().startsWith("cuda:0: fill [F32 [8]], "), e.getMessage());
      queue.execute(new Op.Fill(t, 1));
    }
  }

  @Test
  void aRecordingIsCapturedOnceAndReplayedInOneLaunch() {
    try (Device device = open();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor t = tensor(device, F32, 8);
      cu.calls.clear();
      try (Recording recording = queue.record(List.of(new Op.Fill(t, 1), new Op.Add(t, t, t)))) {
        assertEquals(
            List.of(
                "cuStreamBeginCapture",
                "cuLaunchKernelEx",
                "cuLaunchKernelEx",
                "cuStreamEndCapture",
                "cuGraphInstantiate",
                "cuGraphDestroy"),
            cu.calls);
        assertTrue(cu.launches.stream().allMatch(FakeCu.Launch::captured));
        cu.calls.clear();
        recording.replay();
        assertEquals(List.of("cuGraphLaunch"), cu.calls);
      }
      assertTrue(cu.graphs.isEmpty());
    }
  }

  @Test
  void aCaptureThatFailsEnds() {
    try (Device device = open();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor t = tensor(device, F32, 8);
      cu.failNext("cuLaunchKernelEx", 1);
      assertThrows(DeviceException.class, () -> queue.record(List.of(new Op.Fill(t, 1))));
      assertTrue(cu.graphs.isEmpty());
      queue.record(List.of(new Op.Fill(t, 1))).close();
      queue.synchronize();
    }
  }

  @Test
  void anOpAllocatesNothingAndWaitsForNothing() {
    try (Device device = open();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor x = tensor(device, F32, 3, 100);
      cu.calls.clear();
      queue.execute(new Op.Norm(x, x, Optional.empty(), Optional.empty(), 1e-5f, NormKind.RMS));
      assertEquals(List.of("cuLaunchKernelEx"), cu.calls);
    }
  }

  @Test
  void argumentsLieAsInTheKernelsStruct() {
    try (Device device = open();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor x = tensor(device, F32, 3, 100);
      Tensor y = tensor(device, DType.BF16, 3, 100);
      queue.execute(new Op.Norm(y, x, Optional.empty(), Optional.empty(), 0.5f, NormKind.RMS));
      FakeCu.Launch launch = cu.launches.getLast();
      assertEquals("heed_norm", launch.kernel());
      assertEquals("[3, 1, 1] x 32, 0 B", launch.shape());
      ByteBuffer a = ByteBuffer.wrap(launch.arguments()).order(ByteOrder.nativeOrder());
      assertEquals(4 * 32 + 2 * 8 + 8, a.remaining());
      assertEquals(y.buffer().handle().address(), a.getLong(0));
      assertEquals(100, a.getLong(8), "stride");
      assertEquals(100, a.getLong(16), "length");
      assertEquals(1, a.getInt(24), "inner");
      assertEquals(DType.BF16.ordinal(), a.getInt(28));
      assertEquals(x.buffer().handle().address(), a.getLong(32));
      assertEquals(0, a.getLong(64), "no sum");
      assertEquals(0.5f, a.getFloat(144));
      assertEquals(NormKind.RMS.ordinal(), a.getInt(148));
    }
  }

  @Test
  void uploadsTakeTurnsWithTwoSlices() {
    try (Device device = open();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor t = tensor(device, F32, 3 << 20);
      cu.calls.clear();
      queue.upload(arena.allocate(12 << 20), t);
      assertEquals(
          List.of("cuEventSynchronize", "cuMemcpyHtoD 4194304", "cuEventRecord"),
          cu.calls.subList(0, 3));
      assertEquals(9, cu.calls.size());
    }
  }

  @Test
  void fewRowsAreAMatrixVectorProduct() {
    try (Device device = open();
        CommandQueue queue = device.openQueue(0, arena)) {
      MemorySegment bytes = arena.allocate(DType.Q4_0.bytes(96 * 512));
      HostWeight weight =
          new HostWeight("w", List.of(bytes), Shape.of(96, 512), DType.Q4_0, false, Use.MATRIX);
      Tensor w = device.pack(weight, queue, arena);
      assertEquals("heed_pack", cu.launches.getLast().kernel());
      for (int m : new int[] {1, 5, 9}) {
        queue.execute(
            new Op.MatMul(tensor(device, F32, m, 96), tensor(device, F32, m, 512), w, true));
        FakeCu.Launch launch = cu.launches.getLast();
        String want =
            switch (m) {
              case 1 -> "heed_matvec_q4_0_1 [3, 1, 1] x 256, 256 B";
              case 5 -> "heed_matvec_q4_0_4 [3, 2, 1] x 256, 1024 B";
              default -> "heed_matmul [2, 1, 1] x 256, 0 B";
            };
        assertEquals(want, launch.kernel() + " " + launch.shape());
      }
    }
  }

  @Test
  void productsOfSixteenBitsTakeTilesByTheirShape() {
    try (Device device = open();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor plain = weight(device, queue, DType.BF16);
      assertEquals("heed_matvec_mma_bf16 [128, 1, 1] x 256, 0 B", product(device, queue, 1, plain));
      assertEquals(
          "heed_matvec_mma_bf16 [256, 1, 1] x 256, 0 B", product(device, queue, 16, plain));
      assertEquals(
          "heed_matmul_mma_small_bf16 [64, 1, 1] x 128, 33792 B",
          product(device, queue, 64, plain));
      assertEquals(
          "heed_matmul_mma_bf16 [256, 1, 1] x 256, 66560 B", product(device, queue, 1000, plain));
      Tensor blocks = weight(device, queue, DType.Q4_K);
      assertEquals(
          "heed_matvec_blocks_bf16_q4_k [128, 1, 1] x 256, 0 B", product(device, queue, 3, blocks));
      assertEquals(
          "heed_matmul_blocks_bf16 [64, 1, 1] x 256, 0 B", product(device, queue, 128, blocks));
    }
  }

  /** [4096, 256]. */
  private Tensor weight(Device device, CommandQueue queue, DType type) {
    MemorySegment bytes = arena.allocate(type.bytes(4096 * 256));
    return device.pack(
        new HostWeight("w", List.of(bytes), Shape.of(4096, 256), type, false, Use.MATRIX),
        queue,
        arena);
  }

  private String product(Device device, CommandQueue queue, int rows, Tensor w) {
    Tensor x = tensor(device, DType.BF16, rows, 256);
    queue.execute(new Op.MatMul(tensor(device, F32, rows, 4096), x, w, true));
    FakeCu.Launch launch = cu.launches.getLast();
    return launch.kernel() + " " + launch.shape();
  }

  @Test
  void attentionOfSixteenBitsTakesTensorCores() {
    try (Device device = open();
        CommandQueue queue = device.openQueue(1 << 20, arena)) {
      assertEquals(
          "heed_attention_few_bf16_128 [1, 2, 1] x 128, 74240 B", attention(device, queue, 1, 100));
      assertEquals(
          "heed_attention_few_bf16_128 [3, 2, 1] x 128, 74240 B", attention(device, queue, 1, 600));
      assertEquals(
          "heed_attention_mma_bf16_128 [1, 2, 1] x 128, 81920 B", attention(device, queue, 9, 256));
      assertEquals(
          "heed_attention_mma_bf16_128 [32, 2, 1] x 256, 98304 B",
          attention(device, queue, 1024, 1024));
    }
  }

  /** The launch of causal attention with 8 heads for 2 of keys and values. */
  private String attention(Device device, CommandQueue queue, int queries, int keys) {
    Tensor q = tensor(device, DType.BF16, queries, 8, 128);
    Tensor kv = tensor(device, DType.BF16, keys, 2, 128);
    Tensor ints = tensor(device, DType.I32, 1);
    Sequences seq = new Sequences(tensor(device, DType.I32, 2), ints, queries, keys);
    cu.launches.clear();
    queue.execute(
        new Op.Attention(
            q,
            q,
            new KeyValues.Ragged(kv, kv, ints, ints),
            seq,
            1,
            true,
            0,
            0,
            Bias.NONE,
            Normalizer.SOFTMAX,
            Optional.empty(),
            Optional.empty()));
    FakeCu.Launch launch = cu.launches.getFirst();
    return launch.kernel() + " " + launch.shape();
  }
}
