package dev.heed.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceException;
import dev.heed.device.DeviceProvider;
import dev.heed.device.HostWeight;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class CpuDeviceTest {
  @Test
  void theProviderIsFoundAndOffersOneDevice() {
    DeviceProvider provider =
        ServiceLoader.load(DeviceProvider.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(p -> p.name().equals("cpu"))
            .findFirst()
            .orElseThrow();
    var found = provider.discover().devices();
    assertEquals(1, found.size());
    assertEquals("cpu", found.getFirst().id());
    assertTrue(found.getFirst().memoryBytes() > 1 << 20);
    try (var device = provider.open(found.getFirst())) {
      assertEquals(found.getFirst(), device.info());
    }
  }

  @Test
  void buffersAreAlignedAndLiveAsLongAsTheirArena() {
    try (CpuDevice device = new CpuDevice(1, true)) {
      DeviceBuffer buffer;
      try (Arena arena = Arena.ofShared()) {
        for (int i = 1; i < 5; i++) {
          buffer = device.allocate(100 * i, Usage.STATE, arena);
          assertEquals(0, buffer.handle().address() % 256);
          assertEquals(100 * i, buffer.byteSize());
          assertEquals(buffer.handle(), buffer.host().orElseThrow());
        }
        buffer = device.allocate(0, Usage.STATE, arena);
        assertEquals(0, buffer.byteSize());
      }
      assertTrue(!buffer.handle().scope().isAlive());
    }
  }

  @Test
  void tooMuchMemoryIsRefusedWithNumbers() {
    try (CpuDevice device = new CpuDevice(1, true);
        Arena arena = Arena.ofShared()) {
      var e =
          assertThrows(
              DeviceException.OutOfMemory.class,
              () -> device.allocate(1L << 56, Usage.WEIGHTS, arena));
      assertTrue(e.getMessage().contains("" + (1L << 56)), e.getMessage());
      assertTrue(e.getMessage().contains("free"), e.getMessage());
    }
  }

  @Test
  void uploadAndDownloadKeepTheGapsOfAView() {
    try (CpuDevice device = new CpuDevice(1, true);
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor all = Tensor.of(device.allocate(48, Usage.STATE, arena), 0, Shape.of(3, 4), DType.F32);
      queue.upload(MemorySegment.ofArray(new float[12]), all);
      queue.upload(MemorySegment.ofArray(new float[] {1, 2, 3, 4, 5, 6}), all.columns(1, 2));
      assertArrayEquals(new float[] {0, 1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0}, floats(queue, all));
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, floats(queue, all.columns(1, 2)));
      assertThrows(
          IllegalArgumentException.class,
          () -> queue.upload(MemorySegment.ofArray(new float[3]), all));
    }
  }

  @Test
  void aTransposedWeightIsPackedAsItsLogicalShape() {
    try (CpuDevice device = new CpuDevice(2, true);
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(1 << 20, arena)) {
      MemorySegment host = arena.allocate(24);
      MemorySegment.copy(new float[] {1, 2, 3, 4, 5, 6}, 0, host, ValueLayout.JAVA_FLOAT, 0, 6);
      HostWeight w =
          new HostWeight("w", List.of(host), Shape.of(3, 2), DType.F32, true, Use.MATRIX);
      Tensor packed = device.pack(w, queue, arena);
      Tensor x = Tensor.of(device.allocate(8, Usage.STATE, arena), 0, Shape.of(1, 2), DType.F32);
      Tensor out = Tensor.of(device.allocate(12, Usage.STATE, arena), 0, Shape.of(1, 3), DType.F32);
      queue.upload(MemorySegment.ofArray(new float[] {10, 1}), x);
      queue.execute(new Op.MatMul(out, x, packed, true));
      assertArrayEquals(new float[] {14, 25, 36}, floats(queue, out));
    }
  }

  @Test
  void aRecordingRefusesMemoryThatIsFreed() {
    try (CpuDevice device = new CpuDevice(1, true);
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      Recording recording;
      try (Arena session = Arena.ofShared()) {
        Tensor t = Tensor.of(device.allocate(16, Usage.STATE, session), 0, Shape.of(4), DType.F32);
        recording = queue.record(List.of(new Op.Fill(t, 7)));
        recording.replay();
        assertArrayEquals(new float[] {7, 7, 7, 7}, floats(queue, t));
      }
      assertThrows(IllegalStateException.class, recording::replay);
      recording.close();
      recording.close();
    }
  }

  private static float[] floats(CommandQueue queue, Tensor t) {
    float[] values = new float[(int) t.shape().elements()];
    queue.download(t, MemorySegment.ofArray(values));
    queue.synchronize();
    return values;
  }
}
