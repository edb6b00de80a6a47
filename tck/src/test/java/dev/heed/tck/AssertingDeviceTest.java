package dev.heed.tck;

import static dev.heed.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.Recording;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Each misuse is caught, and proper use is not. */
class AssertingDeviceTest {
  private final Arena arena = Arena.ofShared();
  private final NullDevice nothing = new NullDevice();
  private final AssertingDevice device = new AssertingDevice(nothing);
  private final CommandQueue queue = device.openQueue(0, arena);

  @AfterEach
  void free() {
    arena.close();
  }

  private Op fill(Arena owner) {
    return new Op.Fill(tensor(owner, 4), 1);
  }

  private Tensor tensor(Arena owner, long n) {
    return Tensor.of(device.allocate(4 * n, Usage.STATE, owner), 0, Shape.of(n), F32);
  }

  private static void fails(String message, Runnable misuse) {
    assertEquals(message, assertThrows(AssertionError.class, misuse::run).getMessage());
  }

  @Test
  void letsProperUsePass() {
    Op op = fill(arena);
    queue.execute(op);
    try (Recording recording = queue.record(List.of(op))) {
      recording.replay();
    }
    queue.upload(arena.allocate(16), tensor(arena, 4));
    queue.download(tensor(arena, 4), arena.allocate(16));
    queue.synchronize();
    queue.close();
    queue.close();
    device.close();
    device.close();
    assertEquals(List.of(op, op), nothing.executed());
  }

  @Test
  void confinedArenas() {
    try (Arena confined = Arena.ofConfined()) {
      fails(
          "allocate: the arena is confined to a thread, want a shared one",
          () -> device.allocate(4, Usage.STATE, confined));
      fails(
          "openQueue: the arena is confined to a thread, want a shared one",
          () -> device.openQueue(4, confined));
    }
  }

  @Test
  void closedArenas() {
    Arena gone = Arena.ofShared();
    Op op = fill(gone);
    Tensor t = tensor(gone, 4);
    Recording recording = queue.record(List.of(op));
    gone.close();
    fails("allocate: the arena is closed", () -> device.allocate(4, Usage.STATE, gone));
    fails("execute: fill: the memory of F32 [4] is freed", () -> queue.execute(op));
    fails("replay: fill: the memory of F32 [4] is freed", recording::replay);
    fails("upload: the memory of F32 [4] is freed", () -> queue.upload(arena.allocate(16), t));
  }

  @Test
  void closedQueues() {
    Op op = fill(arena);
    queue.close();
    fails("execute: the queue is closed", () -> queue.execute(op));
    fails("record: the queue is closed", () -> queue.record(List.of(op)));
    fails("synchronize: the queue is closed", queue::synchronize);
    fails("upload: the queue is closed", () -> queue.upload(arena.allocate(16), tensor(arena, 4)));
  }

  @Test
  void closedDevices() {
    Op op = fill(arena);
    device.close();
    fails("execute: the device is closed", () -> queue.execute(op));
    fails("allocate: the device is closed", () -> device.allocate(4, Usage.STATE, arena));
    fails("openQueue: the device is closed", () -> device.openQueue(4, arena));
  }

  @Test
  void closedRecordings() {
    Recording recording = queue.record(List.of(fill(arena)));
    recording.close();
    recording.close();
    fails("replay: the recording is closed", recording::replay);
  }

  @Test
  void unsupportedOps() {
    AssertingDevice few = new AssertingDevice(new NullDevice(op -> false));
    CommandQueue q = few.openQueue(0, arena);
    Tensor t = Tensor.of(few.allocate(16, Usage.STATE, arena), 0, Shape.of(4), F32);
    fails("execute: the device does not support fill", () -> q.execute(new Op.Fill(t, 1)));
    fails("record: the device does not support fill", () -> q.record(List.of(new Op.Fill(t, 1))));
  }

  @Test
  void supportThatChanges() {
    boolean[] answer = {false};
    AssertingDevice moody = new AssertingDevice(new NullDevice(op -> answer[0] = !answer[0]));
    Tensor t = Tensor.of(moody.allocate(16, Usage.STATE, arena), 0, Shape.of(4), F32);
    fails("supports: fill changes its mind", () -> moody.supports(new Op.Fill(t, 1)));
  }

  @Test
  void sizesOfTransfers() {
    Tensor t = tensor(arena, 4);
    fails(
        "upload: F32 [4] wants 16 bytes, the host's segment has 12",
        () -> queue.upload(arena.allocate(12), t));
    fails(
        "download: F32 [4] wants 16 bytes, the host's segment has 20",
        () -> queue.download(t, arena.allocate(20)));
    Tensor packed = new Tensor(t.buffer(), 0, Shape.of(4), 1, F32, Layout.DEVICE);
    fails(
        "upload: F32 [4] is in the device's own layout",
        () -> queue.upload(arena.allocate(16), packed));
  }

  @Test
  void otherDevices() {
    Tensor elsewhere = new NullDevice().tensor(arena, F32, 4);
    fails(
        "execute: fill: F32 [4] is on another device",
        () -> queue.execute(new Op.Fill(elsewhere, 1)));
  }

  @Test
  void scratchThatIsTooSmall() {
    AssertingDevice wants = new AssertingDevice(new MisbehavingDevice().scratch(100));
    CommandQueue q = wants.openQueue(99, arena);
    Tensor t = Tensor.of(wants.allocate(16, Usage.STATE, arena), 0, Shape.of(4), F32);
    fails(
        "execute: fill wants 100 bytes of scratch, the queue has 99",
        () -> q.execute(new Op.Fill(t, 1)));
  }

  @Test
  void allocationDuringExecute() {
    AtomicReference<AssertingDevice> self = new AtomicReference<>();
    MisbehavingDevice greedy =
        new MisbehavingDevice()
            .whileExecuting(() -> self.get().allocate(4, Usage.WORKSPACE, arena));
    self.set(new AssertingDevice(greedy));
    CommandQueue q = self.get().openQueue(0, arena);
    Op op =
        new Op.Fill(Tensor.of(self.get().allocate(16, Usage.STATE, arena), 0, Shape.of(4), F32), 1);
    fails("allocate: called while an op executes", () -> q.execute(op));
    assertDoesNotThrow(() -> self.get().allocate(4, Usage.STATE, arena));
  }

  @Test
  void twoThreadsInAQueue() throws InterruptedException {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    MisbehavingDevice slow =
        new MisbehavingDevice()
            .whileExecuting(
                () -> {
                  inside.countDown();
                  await(done);
                });
    AssertingDevice d = new AssertingDevice(slow);
    CommandQueue q = d.openQueue(0, arena);
    Op op = new Op.Fill(Tensor.of(d.allocate(16, Usage.STATE, arena), 0, Shape.of(4), F32), 1);
    Thread first = new Thread(() -> q.execute(op), "first");
    first.start();
    inside.await();
    fails("synchronize: another thread, first, is using the queue", q::synchronize);
    done.countDown();
    first.join();
    assertDoesNotThrow(q::synchronize); // one after the other is fine
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void buffersThatAreTooSmall() {
    AssertingDevice stingy = new AssertingDevice(new MisbehavingDevice().allocating(10));
    fails("allocate: got 10 of 16 bytes", () -> stingy.allocate(16, Usage.STATE, arena));
    assertTrue(stingy.allocate(10, Usage.STATE, arena).byteSize() >= 10);
  }
}
