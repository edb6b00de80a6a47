package dev.heed.tck.check;

import static dev.heed.tensor.DType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heed.device.CommandQueue;
import dev.heed.device.Device;
import dev.heed.device.DeviceBuffer;
import dev.heed.device.Usage;
import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Tensors whose bytes, and whose elements, pass 2^31. */
public final class LargeChecks {
  private static final long ROWS = (1L << 21) + 5;
  private static final long WIDTH = 1024;

  private final Device device;

  /** Checks on a device with 9 GiB of memory free. */
  public LargeChecks(Device device) {
    this.device = device;
  }

  /** Bytes that {@link #run} allocates on the device. */
  public static long bytes() {
    return 4 * ROWS * WIDTH + (1 << 20);
  }

  /** Fills more than 2^31 elements and reads, writes and multiplies behind their end. */
  public void run() {
    try (Arena arena = Arena.ofShared();
        CommandQueue queue = device.openQueue(1 << 20, arena)) {
      DeviceBuffer buffer = device.allocate(4 * ROWS * WIDTH, Usage.WEIGHTS, arena);
      Tensor table = Tensor.of(buffer, 0, Shape.of(ROWS, WIDTH), F32);
      Tensor small =
          Tensor.of(device.allocate(1 << 16, Usage.STATE, arena), 0, Shape.of(3, WIDTH), F32);
      Tensor ids = Tensor.of(device.allocate(12, Usage.STATE, arena), 0, Shape.of(3), DType.I32);
      Ops ops = new Ops(queue, new Workspace(device, 1 << 16, arena));
      ops.run(new Op.Fill(table, 1));
      ops.run(new Op.Fill(table.rows(ROWS - 1, 1), 3));
      ops.run(new Op.Activate(table.rows(ROWS - 2, 1), table.rows(ROWS - 1, 1), Activation.RELU));
      queue.upload(
          arena.allocateFrom(ValueLayout.JAVA_INT, 0, (int) ROWS - 1, (int) ROWS - 3), ids);
      ops.run(new Op.Gather(small, table, ids));
      assertEquals(1, last(queue, small.rows(0, 1), arena), "the first row");
      assertEquals(3, last(queue, small.rows(1, 1), arena), "the last row");
      assertEquals(1, last(queue, small.rows(2, 1), arena), "a row near the end");
      assertEquals(3, last(queue, table.rows(ROWS - 2, 1), arena), "written near the end");
      Tensor products = Tensor.of(device.allocate(64, Usage.STATE, arena), 0, Shape.of(1, 4), F32);
      ops.run(new Op.MatMul(products, small.rows(1, 1), table.rows(ROWS - 4, 4), true));
      assertEquals(9 * WIDTH, last(queue, products, arena), "a product with the last row");
    }
  }

  /** The last element. */
  private static float last(CommandQueue queue, Tensor t, Arena arena) {
    MemorySegment host = arena.allocate(t.byteSize());
    queue.download(t, host);
    queue.synchronize();
    return host.getAtIndex(ValueLayout.JAVA_FLOAT, t.shape().elements() - 1);
  }
}
