package dev.heed.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heed.device.CommandQueue;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.Usage;
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
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Buffers and tensors past 2^31 bytes: copies, kernels and offsets at their far end. */
class LargeBuffersTest {
  private static final long LINE = 1L << 31;
  private static final int COLUMNS = 64;

  /** 2.2 GiB in rows of 256 bytes. */
  private static final long ROWS = (LINE + LINE / 10) / (4 * COLUMNS);

  /** Of the machine; the buffer and what else runs. */
  private static final long WANTED = 5L << 30;

  private final Random random = new Random(1);

  @ParameterizedTest
  @CsvSource({"CPU, false", "LOCAL, true"})
  void theFarEndIsReached(Family family, boolean staged) throws IOException {
    long free = availableBytes();
    assumeTrue(free > WANTED, "only " + (free >> 20) + " MiB of memory are free");
    Options options = Options.fromProperties().withFamily(family).withStaged(staged);
    try (Arena arena = Arena.ofShared();
        OpenClDevice device = Drivers.open(options)) {
      long bytes = ROWS * COLUMNS * Float.BYTES;
      long most = device.info().maxAllocationBytes();
      assumeTrue(most >= bytes, "a buffer has at most " + most + " bytes");
      DeviceBuffer buffer = device.allocate(bytes, Usage.WEIGHTS, arena);
      Tensor table = Tensor.of(buffer, 0, Shape.of(ROWS, COLUMNS), DType.F32);
      try (CommandQueue queue = device.openQueue(0, arena)) {
        long filled = staged ? LINE / (4 * COLUMNS) : 0; // once is enough for all of it
        queue.execute(new Op.Fill(table.rows(filled, ROWS - filled), 3));
        transfersAcrossTheLine(queue, table, arena);
        bytesPastTheLine(queue, buffer, arena);
        kernelsAtTheFarEnd(device, queue, table, arena);
      }
    }
  }

  /** 8 MiB from below byte 2^31 to above it. */
  private void transfersAcrossTheLine(CommandQueue queue, Tensor table, Arena arena) {
    long first = (LINE - (4 << 20)) / (4 * COLUMNS);
    Tensor across = table.rows(first, (8 << 20) / (4 * COLUMNS));
    MemorySegment host = normals(across, arena);
    queue.upload(host, across);
    MemorySegment got = arena.allocate(host.byteSize(), 4);
    queue.download(across, got);
    Tensor after = table.rows(first + across.shape().dim(0), 1);
    MemorySegment rest = arena.allocate(after.byteSize(), 4);
    queue.download(after, rest);
    queue.synchronize();
    assertEquals(-1, host.mismatch(got));
    assertEquals(3, rest.getAtIndex(ValueLayout.JAVA_FLOAT, 0));
  }

  /** The same memory as bytes: element offsets beyond 2^31, and a copy of them. */
  private void bytesPastTheLine(CommandQueue queue, DeviceBuffer buffer, Arena arena) {
    Tensor far = Tensor.of(buffer, LINE + 12_345, Shape.of(1000), DType.I8);
    Tensor near = Tensor.of(buffer, 777, Shape.of(1000), DType.I8);
    MemorySegment host = arena.allocate(1000);
    for (long i = 0; i < 1000; i++) {
      host.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
    }
    queue.upload(host, far);
    queue.execute(new Op.Copy(near, far));
    MemorySegment got = arena.allocate(1000);
    queue.download(near, got);
    queue.synchronize();
    assertEquals(-1, host.mismatch(got));
    queue.execute(new Op.Fill(near, 5));
    queue.execute(new Op.Copy(far, near));
    queue.download(far, got);
    queue.synchronize();
    assertEquals(-1, arena.allocate(1000).fill((byte) 5).mismatch(got));
  }

  /** The last rows as a table, as a weight, as an input and as an output. */
  private void kernelsAtTheFarEnd(
      OpenClDevice device, CommandQueue queue, Tensor table, Arena arena) {
    Tensor last = table.rows(ROWS - 3, 3);
    MemorySegment rows = normals(last, arena);
    queue.upload(rows, last);
    Tensor ids = tensor(device, arena, DType.I32, 2);
    queue.upload(arena.allocateFrom(ValueLayout.JAVA_INT, (int) ROWS - 1, (int) ROWS - 3), ids);
    Tensor gathered = tensor(device, arena, DType.F32, 2, COLUMNS);
    queue.execute(new Op.Gather(gathered, table, ids));
    Tensor x = tensor(device, arena, DType.F32, 2, COLUMNS);
    MemorySegment xs = normals(x, arena);
    queue.upload(xs, x);
    Tensor products = tensor(device, arena, DType.F32, 2, 3);
    queue.execute(new Op.MatMul(products, x, last, true));
    queue.execute(new Op.Add(table.rows(ROWS - 6, 3), last, last));
    MemorySegment got = arena.allocate(gathered.byteSize(), 4);
    MemorySegment sums = arena.allocate(products.byteSize(), 4);
    MemorySegment twice = arena.allocate(rows.byteSize(), 4);
    queue.download(gathered, got);
    queue.download(products, sums);
    queue.download(table.rows(ROWS - 6, 3), twice);
    queue.synchronize();
    for (int c = 0; c < COLUMNS; c++) {
      assertEquals(at(rows, 2, c), at(got, 0, c));
      assertEquals(at(rows, 0, c), at(got, 1, c));
      assertEquals(2 * at(rows, 1, c), at(twice, 1, c));
    }
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 3; j++) {
        double expected = 0;
        for (int c = 0; c < COLUMNS; c++) {
          expected += (double) at(xs, i, c) * at(rows, j, c);
        }
        float sum = sums.getAtIndex(ValueLayout.JAVA_FLOAT, 3 * i + j);
        assertEquals(expected, sum, 1e-4, "row " + i + ", column " + j);
      }
    }
  }

  private static float at(MemorySegment rows, int row, int column) {
    return rows.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * COLUMNS + column);
  }

  private MemorySegment normals(Tensor t, Arena arena) {
    MemorySegment host = arena.allocate(t.byteSize(), 4);
    for (long i = 0; i < t.shape().elements(); i++) {
      host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    return host;
  }

  private static Tensor tensor(OpenClDevice device, Arena arena, DType type, long... dims) {
    Shape shape = Shape.of(dims);
    long bytes = type.bytes(shape.elements());
    return Tensor.of(device.allocate(bytes, Usage.STATE, arena), 0, shape, type);
  }

  /** What the operating system could give; nothing where it does not say. */
  private static long availableBytes() throws IOException {
    Path file = Path.of("/proc/meminfo");
    if (!Files.isReadable(file)) {
      return 0;
    }
    return Files.readAllLines(file).stream()
        .filter(l -> l.startsWith("MemAvailable:"))
        .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) << 10)
        .findFirst()
        .orElse(0);
  }
}
