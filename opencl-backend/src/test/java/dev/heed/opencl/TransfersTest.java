package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.device.CommandQueue;
import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Layout;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is uploaded comes back, of any size, from any memory, in order with kernels. */
class TransfersTest {
  private static final int SLOT = (int) Transfers.LARGE_SLOT;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void bytesComeBackWhateverTheirNumber(boolean staged) {
    Map<Cl.Kind, Integer> before = Cl.live();
    int[] sizes = {1, 1 << 16, (1 << 16) + 1, SLOT - 1, SLOT, SLOT + 1, 2 * SLOT + 1, 5 * SLOT + 7};
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = open(staged);
        CommandQueue queue = device.openQueue(0, arena)) {
      for (int n : sizes) {
        byte[] bytes = new byte[n];
        new Random(n).nextBytes(bytes);
        MemorySegment heap = MemorySegment.ofArray(bytes);
        MemorySegment offHeap = arena.allocate(n).copyFrom(heap);
        Tensor fromHeap = bytes(device, arena, n);
        Tensor fromOffHeap = bytes(device, arena, n);
        queue.upload(heap, fromHeap);
        queue.upload(offHeap, fromOffHeap);
        offHeap.fill((byte) 7); // its bytes were consumed
        MemorySegment got = MemorySegment.ofArray(new byte[n]);
        queue.download(fromOffHeap, got);
        queue.download(fromHeap, offHeap);
        queue.synchronize();
        assertEquals(-1, heap.mismatch(got), n + " bytes from outside the heap to the heap");
        assertEquals(-1, heap.mismatch(offHeap), n + " bytes from the heap to outside");
      }
    }
    assertEquals(before, Cl.live());
  }

  /** Rows with gaps between them, each longer than a slot; what lies between is not touched. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rowsWithGaps(boolean staged) {
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = open(staged);
        CommandQueue queue = device.openQueue(0, arena)) {
      int columns = SLOT + 10;
      long stride = columns + 1000;
      Tensor whole = bytes(device, arena, Math.toIntExact(3 * stride));
      Tensor rows =
          new Tensor(whole.buffer(), 5, Shape.of(3, columns), stride, DType.I8, Layout.ROW_MAJOR);
      queue.execute(new Op.Fill(whole, 9));
      MemorySegment host = arena.allocate(3L * columns);
      for (long i = 0; i < host.byteSize(); i++) {
        host.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 >> 3));
      }
      queue.upload(host, rows);
      MemorySegment back = arena.allocate(3L * columns);
      MemorySegment all = arena.allocate(whole.byteSize());
      queue.download(rows, back);
      queue.download(whole, all);
      queue.synchronize();
      assertEquals(-1, host.mismatch(back));
      for (int row = 0; row < 3; row++) {
        for (long i = columns; i < stride && 5 + row * stride + i < all.byteSize(); i++) {
          byte gap = all.get(ValueLayout.JAVA_BYTE, 5 + row * stride + i);
          assertEquals(9, gap, "gap of row " + row);
        }
      }
    }
  }

  /** Kernels between copies through the same slots see what was uploaded before them. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void copiesAndKernelsKeepTheirOrder(boolean staged) {
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = open(staged);
        CommandQueue queue = device.openQueue(0, arena)) {
      int n = 3 * SLOT / 4 / 2;
      Tensor x = ints(device, arena, n);
      Tensor sum = ints(device, arena, n);
      queue.execute(new Op.Fill(sum, 0));
      MemorySegment host = arena.allocate(4L * n, 4);
      MemorySegment little = arena.allocate(4, 4);
      for (int turn = 1; turn <= 9; turn++) {
        for (long i = 0; i < n; i++) {
          host.setAtIndex(ValueLayout.JAVA_INT, i, turn * 1000 + (int) i);
        }
        queue.upload(host, x);
        little.set(ValueLayout.JAVA_INT, 0, turn);
        queue.upload(little, x.rows(0, 1));
        queue.execute(new Op.Add(sum, sum, x));
      }
      queue.download(sum, host);
      queue.synchronize();
      assertEquals(45, host.getAtIndex(ValueLayout.JAVA_INT, 0));
      for (int i = 1; i < n; i++) {
        int got = host.getAtIndex(ValueLayout.JAVA_INT, i);
        assertEquals(45_000 + 9 * i, got, "element " + i);
      }
    }
  }

  @Test
  void aMappedFileIsUploadedInSlices() throws IOException {
    byte[] bytes = new byte[3 * SLOT + 17];
    new Random(3).nextBytes(bytes);
    Path file = Files.write(folder.resolve("weights"), bytes);
    try (Arena arena = Arena.ofShared();
        FileChannel channel = FileChannel.open(file);
        OpenClDevice device = open(true);
        CommandQueue queue = device.openQueue(0, arena)) {
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes.length, arena);
      Tensor t = bytes(device, arena, bytes.length);
      queue.upload(mapped, t);
      MemorySegment got = arena.allocate(bytes.length);
      queue.download(t, got);
      queue.synchronize();
      assertEquals(-1, MemorySegment.ofArray(bytes).mismatch(got));
    }
  }

  private static OpenClDevice open(boolean staged) {
    return Drivers.open(Options.fromProperties().withStaged(staged));
  }

  private static Tensor bytes(OpenClDevice device, Arena arena, int n) {
    return Tensor.of(device.allocate(n, Usage.STATE, arena), 0, Shape.of(n), DType.I8);
  }

  private static Tensor ints(OpenClDevice device, Arena arena, int n) {
    return Tensor.of(device.allocate(4L * n, Usage.STATE, arena), 0, Shape.of(n), DType.I32);
  }
}
