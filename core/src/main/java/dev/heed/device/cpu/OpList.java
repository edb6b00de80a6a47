package dev.heed.device.cpu;

import dev.heed.device.Recording;
import dev.heed.op.Op;
import dev.heed.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;

/**
 * A recording: keeps ops and executes them anew. Kernels work on addresses, so it looks whether the
 * memory is still there before it does.
 */
final class OpList implements Recording {
  private final CpuQueue queue;
  private final Op[] ops;
  private final MemorySegment.Scope[] scopes;
  private boolean closed;

  OpList(CpuQueue queue, List<Op> ops) {
    this.queue = queue;
    this.ops = ops.toArray(Op[]::new);
    scopes =
        ops.stream()
            .flatMap(op -> Stream.concat(op.outputs().stream(), op.inputs().stream()))
            .map(Tensor::buffer)
            .map(b -> b.handle().scope())
            .distinct()
            .toArray(MemorySegment.Scope[]::new);
  }

  @Override
  public void replay() {
    if (closed) {
      throw new IllegalStateException("cpu: the recording is closed");
    }
    for (MemorySegment.Scope scope : scopes) {
      if (!scope.isAlive()) {
        throw new IllegalStateException(
            "cpu: the recording uses memory that is freed: close it before its arena");
      }
    }
    for (Op op : ops) {
      queue.execute(op);
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
