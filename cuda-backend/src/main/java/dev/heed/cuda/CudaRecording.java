package dev.heed.cuda;

import dev.heed.device.Recording;
import dev.heed.op.Op;
import java.util.List;

/** Ops captured from a stream as a graph: a replay is one launch, whatever they are. */
final class CudaRecording implements Recording {
  private final CudaQueue queue;
  private final int ops;
  private final long executable;
  private boolean closed;

  private CudaRecording(CudaQueue queue, int ops, long executable) {
    this.queue = queue;
    this.ops = ops;
    this.executable = executable;
  }

  /** Captures ops, none of which is executed. */
  static CudaRecording capture(CudaQueue queue, Cu cu, List<Op> ops) {
    cu.beginCapture(queue.stream());
    try {
      ops.forEach(queue.launches()::execute);
    } catch (RuntimeException e) {
      cu.destroyGraph(cu.endCapture(queue.stream()));
      throw e;
    }
    long graph = cu.endCapture(queue.stream());
    try {
      return new CudaRecording(queue, ops.size(), cu.instantiate(graph));
    } finally {
      cu.destroyGraph(graph);
    }
  }

  @Override
  public void replay() {
    queue.replay(executable, ops);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      queue.release(executable);
    }
  }
}
