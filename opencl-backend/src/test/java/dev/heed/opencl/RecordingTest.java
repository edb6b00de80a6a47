package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.heed.device.CommandQueue;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A recording keeps kernels of its own; neither it nor ops one by one make garbage. */
class RecordingTest {
  private static final int N = 64;

  /** Launches that are measured, after as many that are not. */
  private static final int LAUNCHES = 20_000;

  @Test
  void aReplayGivesWhatTheOpsGive() {
    try (OpenClDevice device = Drivers.open(Options.fromProperties());
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor x = vector(device, arena);
      Tensor y = vector(device, arena);
      MemorySegment got = arena.allocate(4L * N, 4);
      queue.execute(new Op.Fill(x, 1));
      queue.execute(new Op.Fill(y, 2));
      try (Recording twice = queue.record(List.of(new Op.Add(x, x, y), new Op.Add(y, y, x)))) {
        queue.download(y, got);
        queue.synchronize();
        assertEquals(2, got.get(ValueLayout.JAVA_FLOAT, 0), "recording executes nothing");
        twice.replay(); // x 3, y 5
        queue.execute(new Op.Add(x, x, y)); // x 8, with another kernel of the same program
        twice.replay(); // x 13, y 18
        queue.download(y, got);
        queue.synchronize();
        assertEquals(18, got.get(ValueLayout.JAVA_FLOAT, 4 * (N - 1)));
      }
    }
  }

  @Test
  void itsKernelsAreReleased() {
    Map<Cl.Kind, Integer> before = Cl.live();
    try (OpenClDevice device = Drivers.open(Options.fromProperties());
        Arena arena = Arena.ofShared()) {
      Tensor x = vector(device, arena);
      Recording left;
      try (CommandQueue queue = device.openQueue(0, arena)) {
        int none = Cl.live().get(Cl.Kind.KERNEL);
        List<Op> ops = List.of(new Op.Fill(x, 1), new Op.Fill(x, 2), new Op.Add(x, x, x));
        Recording recording = queue.record(ops);
        assertEquals(none + 3, Cl.live().get(Cl.Kind.KERNEL));
        recording.close();
        recording.close();
        assertEquals(none, Cl.live().get(Cl.Kind.KERNEL));
        left = queue.record(ops);
      }
      left.close();
      assertEquals(before.get(Cl.Kind.KERNEL), Cl.live().get(Cl.Kind.KERNEL));
    }
    assertEquals(before, Cl.live());
  }

  @Test
  void launchesMakeNoGarbage() {
    try (OpenClDevice device = Drivers.open(Options.fromProperties());
        Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(0, arena)) {
      Tensor x = vector(device, arena);
      Tensor y = vector(device, arena);
      Op one = new Op.Add(x, x, y);
      Op other = new Op.Add(y, y, x);
      try (Recording recording = queue.record(List.of(one, other))) {
        Runnable eager =
            () -> {
              queue.execute(one);
              queue.execute(other);
            };
        assertEquals(0, garbage(queue, eager), 1, "bytes a launch, op by op");
        assertEquals(0, garbage(queue, recording::replay), 1, "bytes a launch, of a recording");
      }
    }
  }

  /** Bytes of heap that a launch takes; {@code two} makes two. */
  private static double garbage(CommandQueue queue, Runnable two) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    assertTrue(threads.isThreadAllocatedMemorySupported());
    long from = 0;
    for (int i = 0; i < LAUNCHES; i++) {
      if (i == LAUNCHES / 2) {
        from = threads.getCurrentThreadAllocatedBytes();
      }
      two.run();
      if (i % 100 == 99) {
        queue.synchronize();
      }
    }
    return (double) (threads.getCurrentThreadAllocatedBytes() - from) / LAUNCHES;
  }

  private static Tensor vector(OpenClDevice device, Arena arena) {
    return Tensor.allocate(device, Usage.STATE, arena, DType.F32, Shape.of(N));
  }
}
