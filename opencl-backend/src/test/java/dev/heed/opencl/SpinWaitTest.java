package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.CommandQueue;
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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Threads that are kept awake change neither results nor what is there at the end. */
class SpinWaitTest {
  private static final int ROWS = 40;
  private static final int K = 96;

  /** Products after one another, each of what the last one gave. */
  private static final int CHAIN = 30;

  @Test
  void everyLongKernelSaysThatItBegan() {
    try (OpenClDevice device = Drivers.open(Options.fromProperties());
        Arena arena = Arena.ofShared()) {
      AtomicInteger busy = new AtomicInteger();
      assumeTrue(device.spinWait(device.programs(), arena).isPresent(), "nothing to keep awake");
      SpinWait wait = new SpinWait(device, device.programs(), busy, arena);
      assertEquals(0, wait.started().host().orElseThrow().get(ValueLayout.JAVA_INT, 0));
      wait.launched();
      assertEquals(1, busy.get());
      wait.launched(); // spins for a kernel that never begins
      wait.idle();
      assertEquals(0, busy.get());
      wait.close();
    }
  }

  @Test
  void resultsAreThoseOfThreadsThatSleep() {
    Options options = Options.fromProperties();
    float[] expected = chain(options.withSpin(false), 1).getFirst();
    for (float[] got : chain(options.withSpin(true), 1)) {
      assertArrayEquals(expected, got);
    }
    for (float[] got : chain(options.withSpin(true), 4)) {
      assertArrayEquals(expected, got);
    }
  }

  /** What each of some queues, side by side, gives at the end of the chain, replayed thrice. */
  private static List<float[]> chain(Options options, int queues) {
    try (OpenClDevice device = Drivers.open(options)) {
      List<CompletableFuture<float[]>> all = new ArrayList<>();
      for (int i = 0; i < queues; i++) {
        all.add(CompletableFuture.supplyAsync(() -> replayed(device)));
      }
      return all.stream().map(CompletableFuture::join).toList();
    }
  }

  private static float[] replayed(OpenClDevice device) {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      MemorySegment values = arena.allocate(4L * K * K, 4);
      for (int i = 0; i < K * K; i++) {
        values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (i * 7919 % 1009 - 504) / 4000f);
      }
      HostWeight weight =
          new HostWeight("w", List.of(values), Shape.of(K, K), DType.F32, false, Use.MATRIX);
      Tensor w = device.pack(weight, queue, arena);
      Tensor a = rows(device, arena);
      Tensor b = rows(device, arena);
      List<Op> ops = new ArrayList<>();
      for (int i = 0; i < CHAIN; i++) {
        ops.add(new Op.MatMul(b, a, w, true));
        ops.add(new Op.MatMul(a, b, w, true));
      }
      MemorySegment got = arena.allocate(4L * ROWS * K, 4);
      try (Recording recording = queue.record(ops)) {
        for (int i = 0; i < 3; i++) {
          queue.upload(values.asSlice(0, got.byteSize()), a);
          recording.replay();
          queue.download(a, got);
          queue.synchronize();
        }
      }
      return got.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static Tensor rows(OpenClDevice device, Arena arena) {
    long bytes = 4L * ROWS * K;
    return Tensor.of(
        device.allocate(bytes, Usage.WORKSPACE, arena), 0, Shape.of(ROWS, K), DType.F32);
  }
}
