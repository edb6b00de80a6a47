package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.DeviceException;
import dev.heed.device.HostWeight;
import dev.heed.device.Usage;
import dev.heed.device.Use;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is made is released, whichever closes first, and memory goes back. */
class LifetimesTest {
  private static final int SESSIONS = 1000;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everythingIsReleased(boolean staged) {
    Map<Cl.Kind, Integer> before = Cl.live();
    try (OpenClDevice device = open(staged)) {
      assertEquals(5, ProgramsTest.sum(device, 2.5f));
      assertEquals(before.get(Cl.Kind.QUEUE), Cl.live().get(Cl.Kind.QUEUE));
      assertEquals(before.get(Cl.Kind.BUFFER), Cl.live().get(Cl.Kind.BUFFER));
      assertEquals(before.get(Cl.Kind.KERNEL), Cl.live().get(Cl.Kind.KERNEL));
    }
    assertEquals(before, Cl.live());
  }

  @Test
  void aDeviceThatClosesFirstClosesItsQueues() {
    Map<Cl.Kind, Integer> before = Cl.live();
    try (Arena arena = Arena.ofShared()) {
      OpenClDevice device = open(true);
      CommandQueue queue = device.openQueue(64, arena);
      device.allocate(100, Usage.STATE, arena);
      device.close();
      device.close();
      queue.close();
    }
    assertEquals(before, Cl.live());
  }

  @Test
  void memoryIsTheHostsWhereItIsShared() {
    try (Arena arena = Arena.ofShared();
        OpenClDevice shared = open(false);
        OpenClDevice staged = open(true)) {
      DeviceBuffer buffer = shared.allocate(100, Usage.STATE, arena);
      assertTrue(buffer.host().isEmpty() || buffer.host().get().byteSize() == 100);
      assertEquals(shared.driver().isCpu(), buffer.host().isPresent());
      assertTrue(staged.allocate(100, Usage.STATE, arena).host().isEmpty());
      assertEquals(0, staged.allocate(100, Usage.STATE, arena).handle().byteSize());
    }
  }

  /** The kernel's result is in the host's memory when the queue has been waited for. */
  @Test
  void theHostReadsInPlace() {
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = open(false);
        CommandQueue queue = device.openQueue(0, arena)) {
      DeviceBuffer buffer = device.allocate(64, Usage.STATE, arena);
      queue.execute(new Op.Fill(Tensor.of(buffer, 0, Shape.of(16), DType.F32), 7));
      queue.synchronize();
      buffer
          .host()
          .ifPresent(h -> assertEquals(7, h.getAtIndex(ValueLayout.JAVA_FLOAT, 15), "in place"));
    }
  }

  /** Closing an arena waits for work that still uses its memory. */
  @Test
  void memoryOutlivesTheWorkOnIt() {
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = open(false);
        CommandQueue queue = device.openQueue(0, arena)) {
      for (int i = 0; i < 50; i++) {
        try (Arena brief = Arena.ofShared()) {
          DeviceBuffer buffer = device.allocate(1 << 20, Usage.WORKSPACE, brief);
          Tensor x = Tensor.of(buffer, 0, Shape.of(1 << 18), DType.F32);
          queue.execute(new Op.Fill(x, i));
          queue.execute(new Op.Add(x, x, x));
        }
      }
      queue.synchronize();
    }
  }

  @Test
  void transfersBeyondTheStagingBuffer() {
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = open(true);
        CommandQueue queue = device.openQueue(0, arena)) {
      int n = 3_000_001;
      int[] numbers = new int[n];
      for (int i = 0; i < n; i++) {
        numbers[i] = i * 7919;
      }
      MemorySegment heap = MemorySegment.ofArray(numbers);
      MemorySegment offHeap = arena.allocate(4L * n, 64).copyFrom(heap);
      for (MemorySegment from : List.of(heap, offHeap)) {
        DeviceBuffer buffer = device.allocate(4L * n, Usage.STATE, arena);
        Tensor t = Tensor.of(buffer, 0, Shape.of(n), DType.I32);
        queue.upload(from, t);
        MemorySegment got = arena.allocate(4L * n, 4);
        MemorySegment gotOnHeap = MemorySegment.ofArray(new int[n]);
        queue.download(t, got);
        queue.download(t, gotOnHeap);
        queue.synchronize();
        assertEquals(-1, heap.mismatch(got));
        assertEquals(-1, heap.mismatch(gotOnHeap));
      }
    }
  }

  @Test
  void moreThanTheLargestAllocationIsRefusedByName() {
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = open(false)) {
      long most = device.info().maxAllocationBytes();
      DeviceException.OutOfMemory e =
          assertThrows(
              DeviceException.OutOfMemory.class,
              () -> device.allocate(most + 1, Usage.WEIGHTS, arena));
      assertTrue(e.getMessage().contains(Long.toString(most)), e.getMessage());
      assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }
  }

  @Test
  void sessionsComeAndGo() {
    Map<Cl.Kind, Integer> before = Cl.live();
    try (OpenClDevice device = open(false)) {
      long resident = 0;
      for (int i = 0; i < SESSIONS; i++) {
        assertEquals(2 * i, ProgramsTest.sum(device, i));
        if (i == SESSIONS / 2) {
          resident = residentBytes();
        }
      }
      long grown = residentBytes() - resident;
      assertTrue(grown < 64 << 20, "half of the sessions left " + grown + " bytes");
    }
    assertEquals(before, Cl.live());
  }

  /** What the operating system counts for this process; 0 where it does not say. */
  private static long residentBytes() {
    System.gc();
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(l -> l.startsWith("VmRSS:"))
          .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) << 10)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }

  @Test
  void eightThreadsWithTheirOwnQueues() {
    try (OpenClDevice device = open(false);
        Arena arena = Arena.ofShared();
        CommandQueue staging = device.openQueue(0, arena)) {
      int k = 256;
      MemorySegment bytes = arena.allocate(4L * k * k, 64);
      for (int i = 0; i < k; i++) {
        bytes.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * k + i, 3); // three times the identity
      }
      HostWeight weight =
          new HostWeight("w", List.of(bytes), Shape.of(k, k), DType.F32, false, Use.MATRIX);
      Tensor w = device.pack(weight, staging, arena);
      staging.synchronize();
      List<CompletableFuture<Void>> threads = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        int seed = t;
        threads.add(
            CompletableFuture.runAsync(
                () -> multiply(device, w, k, seed), r -> new Thread(r).start()));
      }
      threads.forEach(CompletableFuture::join);
    }
  }

  private static void multiply(OpenClDevice device, Tensor w, int k, int seed) {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor x = matrix(device, arena, k);
      Tensor y = matrix(device, arena, k);
      MemorySegment got = arena.allocate(4L * 5 * k, 64);
      for (int i = 0; i < 50; i++) {
        queue.execute(new Op.Fill(x, seed + i));
        queue.execute(new Op.MatMul(y, x, w, true));
        queue.download(y, got);
        queue.synchronize();
        for (long e = 0; e < 5L * k; e++) {
          assertEquals(3f * (seed + i), got.getAtIndex(ValueLayout.JAVA_FLOAT, e));
        }
      }
    }
  }

  private static Tensor matrix(OpenClDevice device, Arena arena, int k) {
    return Tensor.of(device.allocate(4L * 5 * k, Usage.STATE, arena), 0, Shape.of(5, k), DType.F32);
  }

  private static OpenClDevice open(boolean staged) {
    return Drivers.open(Options.fromProperties().withStaged(staged));
  }
}
