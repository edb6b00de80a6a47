package dev.heed.tck.check;

import static dev.heed.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceException;
import dev.heed.device.HostWeight;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tck.Numbers;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/** Memory, transfers, weights, queues and threads. */
public final class LifecycleChecks {
  private final Device device;
  private final Device bare;

  /**
   * Checks on a device.
   *
   * @param bare the same without checks of its caller
   */
  public LifecycleChecks(Device device, Device bare) {
    this.device = device;
    this.bare = bare;
  }

  /** All checks by name. */
  public Map<String, Runnable> all() {
    Map<String, Runnable> checks = new LinkedHashMap<>();
    checks.put("info is complete", this::info);
    checks.put("buffers of any size", this::buffers);
    checks.put("a buffer dies with its arena", this::arenas);
    checks.put("transfers of every type, with and without gaps", this::transfers);
    for (DType type : DType.values()) {
      if (type != DType.I32 && type != DType.I8) {
        checks.put("a packed weight comes back, " + type, () -> packing(type));
      }
    }
    checks.put("transfers of the wrong size are refused", this::wrongSizes);
    checks.put("more memory than there is", this::outOfMemory);
    checks.put("uploads, ops and downloads keep their order", this::order);
    checks.put("a queue serves another thread", this::otherThread);
    checks.put("queues work side by side", this::sideBySide);
    checks.put("closing twice is harmless", this::closing);
    checks.put("scratch and packed sizes are not negative", this::sizes);
    return checks;
  }

  private void info() {
    assertFalse(device.info().provider().isBlank(), "provider");
    assertFalse(device.info().name().isBlank(), "name");
    assertFalse(device.info().driver().isBlank(), "driver");
    assertTrue(device.info().index() >= 0, "index");
    assertTrue(device.info().memoryBytes() > 0, "memory");
    assertTrue(device.info().maxAllocationBytes() > 0, "largest allocation");
    assertTrue(device.info().computeTypes().contains(F32), "computes in F32");
  }

  private void buffers() {
    try (Arena arena = Arena.ofShared()) {
      for (Usage usage : Usage.values()) {
        for (long bytes : new long[] {0, 1, 255, 4096, 1_000_003}) {
          DeviceBuffer buffer = device.allocate(bytes, usage, arena);
          assertTrue(buffer.byteSize() >= bytes, usage + " " + bytes);
        }
      }
    }
  }

  private void arenas() {
    DeviceBuffer buffer;
    try (Arena arena = Arena.ofShared()) {
      buffer = device.allocate(1024, Usage.STATE, arena);
      assertTrue(buffer.handle().scope().isAlive());
    }
    assertFalse(buffer.handle().scope().isAlive(), "its handle is alive after the arena closed");
  }

  private void transfers() {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      for (DType type : DType.values()) {
        long width = 2L * type.blockSize();
        for (long gap : new long[] {0, type.blockSize()}) {
          Shape shape = Shape.of(5, width);
          DeviceBuffer buffer = device.allocate(type.bytes(9 * (width + gap)), Usage.STATE, arena);
          Tensor t = new Tensor(buffer, width, shape, width + gap, type, Layout.ROW_MAJOR);
          MemorySegment sent = random(arena, t.byteSize());
          MemorySegment got = arena.allocate(t.byteSize());
          MemorySegment reused = arena.allocate(t.byteSize()).copyFrom(sent);
          queue.upload(reused, t);
          reused.fill((byte) 1); // the host's memory was consumed
          queue.download(t, got);
          queue.synchronize();
          assertEquals(-1, sent.mismatch(got), type + " with gaps of " + gap);
        }
      }
    }
  }

  private void wrongSizes() {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = bare.openQueue(0, arena)) {
      Tensor t = Tensor.of(bare.allocate(64, Usage.STATE, arena), 0, Shape.of(4), F32);
      for (long bytes : new long[] {12, 20, 0}) {
        MemorySegment host = arena.allocate(bytes);
        assertThrows(IllegalArgumentException.class, () -> queue.upload(host, t), "upload");
        assertThrows(IllegalArgumentException.class, () -> queue.download(t, host), "download");
      }
    }
  }

  private void outOfMemory() {
    try (Arena arena = Arena.ofShared()) {
      String message =
          assertThrows(
                  DeviceException.OutOfMemory.class,
                  () -> device.allocate(1L << 60, Usage.WEIGHTS, arena))
              .getMessage();
      assertTrue(message.contains(Long.toString(1L << 60)), message + ": says how much was asked");
      assertEquals(1, message.lines().count(), message);
    }
  }

  private static MemorySegment random(Arena arena, long bytes) {
    byte[] data = new byte[(int) bytes];
    new Random(bytes).nextBytes(data);
    return arena
        .allocate(Math.max(bytes, 1), 64)
        .asSlice(0, bytes)
        .copyFrom(MemorySegment.ofArray(data));
  }

  private void packing(DType type) {
    long k = type.isBlock() ? 2L * type.blockSize() : 70;
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      for (Use use : List.of(Use.MATRIX, Use.TABLE, Use.BOTH)) {
        List<HostWeight> weights = new ArrayList<>();
        weights.add(weight(arena, type, use, false, 37, k));
        weights.add(weight(arena, type, use, false, 1, k));
        weights.add(weight(arena, type, use, false, 64, k));
        weights.add(parts(arena, type, use, k));
        if (!type.isBlock()) {
          weights.add(weight(arena, type, use, true, 37, k));
        }
        for (HostWeight w : weights) {
          Tensor t = device.pack(w, queue, arena);
          MemorySegment got = arena.allocate(type.bytes(w.shape().elements()));
          queue.download(t, got);
          queue.synchronize();
          assertArrayEquals(
              Numbers.logical(w).toArray(ValueLayout.JAVA_BYTE),
              got.toArray(ValueLayout.JAVA_BYTE),
              use + " " + w.shape() + " of " + w.parts().size() + " parts");
        }
      }
    }
    packingInFewerDigits(type, k);
  }

  /** What comes back is what was packed, or that in fewer digits. */
  private void packingInFewerDigits(DType type, long k) {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      for (long n : new long[] {1, 37, 64}) {
        MemorySegment bytes =
            arena
                .allocate(type.bytes(n * k), 64)
                .copyFrom(Numbers.normal(new Random(n), type, n * k));
        Shape shape = Shape.of(n, k);
        Tensor t =
            device.pack(
                new HostWeight("w", List.of(bytes), shape, type, false, Use.ROUNDED), queue, arena);
        MemorySegment got = arena.allocate(bytes.byteSize());
        queue.download(t, got);
        queue.synchronize();
        if (t.layout() == Layout.ROUNDED) {
          double[] want = Numbers.decode(type, bytes);
          Compare.nmse("packing", t, want, Numbers.decode(type, got), Tolerance.FEWER_DIGITS);
        } else {
          assertEquals(-1, got.mismatch(bytes), type + " " + shape);
        }
      }
    }
  }

  private static HostWeight weight(
      Arena arena, DType type, Use use, boolean transposed, long n, long k) {
    MemorySegment bytes = random(arena, type.bytes(n * k));
    return new HostWeight("w", List.of(bytes), Shape.of(n, k), type, transposed, use);
  }

  private static HostWeight parts(Arena arena, DType type, Use use, long k) {
    List<MemorySegment> parts =
        List.of(
            random(arena, type.bytes(40 * k)),
            random(arena, type.bytes(3 * k)),
            random(arena, type.bytes(5 * k)));
    return new HostWeight("qkv", parts, Shape.of(48, k), type, false, use);
  }

  /** x = 1; y = x + x; x = 5; z = x + y, without waiting. */
  private void order() {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      assertEquals(7, fiveAndTwo(queue, arena));
    }
  }

  private float fiveAndTwo(CommandQueue queue, Arena arena) {
    int n = 1000;
    DeviceBuffer buffer = device.allocate(12L * n, Usage.STATE, arena);
    Tensor x = Tensor.of(buffer, 0, Shape.of(n), F32);
    Tensor y = Tensor.of(buffer, n, Shape.of(n), F32);
    Tensor z = Tensor.of(buffer, 2 * n, Shape.of(n), F32);
    queue.upload(constant(arena, n, 1), x);
    queue.execute(new Op.Add(y, x, x));
    queue.upload(constant(arena, n, 5), x);
    queue.execute(new Op.Add(z, x, y));
    MemorySegment got = arena.allocate(4L * n);
    queue.download(z, got);
    queue.synchronize();
    return got.getAtIndex(ValueLayout.JAVA_FLOAT, n - 1);
  }

  private static MemorySegment constant(Arena arena, int n, float value) {
    MemorySegment all = arena.allocate(4L * n, 64);
    for (int i = 0; i < n; i++) {
      all.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
    }
    return all;
  }

  private void otherThread() {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      assertEquals(7, fiveAndTwo(queue, arena));
      assertEquals(
          7,
          CompletableFuture.supplyAsync(() -> fiveAndTwo(queue, arena), Thread::startVirtualThread)
              .join());
      assertEquals(
          7,
          CompletableFuture.supplyAsync(() -> fiveAndTwo(queue, arena), r -> new Thread(r).start())
              .join());
      assertEquals(7, fiveAndTwo(queue, arena));
    }
  }

  private void sideBySide() {
    try (Arena arena = Arena.ofShared()) {
      List<CompletableFuture<Float>> results = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        results.add(
            CompletableFuture.supplyAsync(
                () -> {
                  float sum = 0;
                  try (CommandQueue queue = device.openQueue(0, arena)) {
                    for (int i = 0; i < 20; i++) {
                      sum += fiveAndTwo(queue, arena);
                    }
                  }
                  return sum;
                },
                r -> new Thread(r).start()));
      }
      results.forEach(r -> assertEquals(140, r.join()));
    }
  }

  private void closing() {
    try (Arena arena = Arena.ofShared()) {
      CommandQueue queue = device.openQueue(0, arena);
      DeviceBuffer buffer = device.allocate(64, Usage.STATE, arena);
      Tensor t = Tensor.of(buffer, 0, Shape.of(16), F32);
      Recording recording = queue.record(List.of(new Op.Fill(t, 1)));
      recording.replay();
      recording.close();
      recording.close();
      queue.close(); // waits for the replay
      queue.close();
    }
  }

  private void sizes() {
    try (Arena arena = Arena.ofShared()) {
      for (DType type : List.of(F32, DType.Q4_0, DType.Q6_K)) {
        HostWeight w = weight(arena, type, Use.BOTH, false, 3, 256);
        assertTrue(device.packedBytes(w) > 0, "packedBytes of " + type);
      }
      device.openQueue(1 << 20, arena).close();
    }
  }
}
