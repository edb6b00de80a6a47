package dev.heed.cuda;

import static dev.heed.tensor.DType.BF16;
import static dev.heed.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which products Hopper's kernel takes, and what the copy engine is told of their operands. */
class WgmmaProductTest {
  private final FakeCu cu = new FakeCu();
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void closeArena() {
    arena.close();
  }

  private Tensor tensor(Device device, DType type, long rows, long columns) {
    long bytes = type.bytes(rows * columns);
    return Tensor.of(device.allocate(bytes, Usage.STATE, arena), 0, Shape.of(rows, columns), type);
  }

  private Tensor weight(Device device, CommandQueue queue, long n, long k) {
    return weight(device, queue, BF16, n, k);
  }

  private Tensor weight(Device device, CommandQueue queue, DType type, long n, long k) {
    MemorySegment bytes = arena.allocate(type.bytes(n * k));
    HostWeight w = new HostWeight("w", List.of(bytes), Shape.of(n, k), type, false, Use.MATRIX);
    return device.pack(w, queue, arena);
  }

  private FakeCu.Launch product(CommandQueue queue, Tensor out, Tensor x, Tensor w) {
    cu.maps.clear();
    queue.execute(new Op.MatMul(out, x, w, true));
    return cu.launches.getLast();
  }

  @Test
  void tilesGoToAsManyBlocksAsThereAreMultiprocessors() {
    try (Device device = cu.open(new Options(100, false));
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor w = weight(device, queue, 4096, 512);
      Tensor x = tensor(device, BF16, 2048, 512);
      FakeCu.Launch launch = product(queue, tensor(device, F32, 2048, 4096), x, w);
      assertEquals("heed_matmul_wgmma_bf16", launch.kernel());
      assertEquals("[132, 1, 1] x 384, 218176 B", launch.shape());
      assertEquals(512, launch.arguments().length);
      assertEquals(
          List.of(
              new FakeCu.BoxMap(
                  BF16,
                  x.buffer().handle().address(),
                  true,
                  List.of(new FakeCu.Dimension(512, 0, 64), new FakeCu.Dimension(2048, 1024, 128))),
              new FakeCu.BoxMap(
                  BF16,
                  w.buffer().handle().address(),
                  false,
                  List.of(
                      new FakeCu.Dimension(256, 0, 256),
                      new FakeCu.Dimension(128, 32 * 1024, 8),
                      new FakeCu.Dimension(1, 4096 * 1024, 1),
                      new FakeCu.Dimension(64, 512, 8)))),
          cu.maps);
    }
  }

  @Test
  void gateAndUpShareABox() {
    try (Device device = cu.open(new Options(1, false));
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor w = weight(device, queue, 2 * 160, 64);
      Tensor x = tensor(device, BF16, 130, 64);
      queue.execute(new Op.GatedLinear(tensor(device, BF16, 130, 160), x, w, Activation.SILU));
      assertEquals("[4, 1, 1] x 384, 218176 B", cu.launches.getLast().shape());
      assertEquals(
          List.of(
              new FakeCu.Dimension(256, 0, 256),
              new FakeCu.Dimension(5, 4096, 4),
              new FakeCu.Dimension(2, 5 * 4096, 2),
              new FakeCu.Dimension(8, 512, 8)),
          cu.maps.getLast().dimensions());
    }
  }

  @Test
  void otherProductsAreLeftToOthers() {
    try (Device device = cu.open(new Options(4, false));
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor w = weight(device, queue, 512, 64);
      Tensor x = tensor(device, BF16, 200, 64);
      Tensor out = tensor(device, F32, 200, 512);
      assertTrue(product(queue, out, x, w).kernel().contains("wgmma"));
      Tensor few = x.rows(0, 128);
      assertFalse(product(queue, out.rows(0, 128), few, w).kernel().contains("wgmma"), "tiles");
      Tensor shifted = tensor(device, BF16, 200, 65).columns(1, 64);
      assertFalse(product(queue, out, shifted, w).kernel().contains("wgmma"), "alignment");
      Tensor odd = tensor(device, BF16, 200, 63);
      Tensor oddWeight = weight(device, queue, 512, 63);
      assertFalse(product(queue, out, odd, oddWeight).kernel().contains("wgmma"), "rows of 126 B");
      Tensor rounded = tensor(device, DType.Q8_0, 200, 64);
      Tensor blocks = weight(device, queue, DType.Q8_0, 512, 64);
      assertEquals("heed_matmul_bytes", product(queue, out, rounded, blocks).kernel());
    }
  }

  @Test
  void otherGpusHaveNoneOfIt() {
    cu.capability = 100;
    try (Device device = cu.open(new Options(1, true));
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor w = weight(device, queue, 512, 64);
      Tensor x = tensor(device, BF16, 200, 64);
      FakeCu.Launch launch = product(queue, tensor(device, F32, 200, 512), x, w);
      assertFalse(launch.kernel().contains("wgmma"));
      assertFalse(launch.early());
    }
  }
}
