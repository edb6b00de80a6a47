package dev.heed.opencl;

import dev.heed.device.Usage;
import dev.heed.op.Op;
import dev.heed.tensor.DType;
import dev.heed.tensor.Shape;
import dev.heed.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;

/** Recorded ops of one row, put together to few launches: see chain.cl. */
final class Chains {
  /** Bytes of the numbers by which work-items know of each other: three cache lines. */
  private static final int PROGRESS = 192;

  private final OpenClDevice device;
  private final KernelSet kernels;
  private final Transfers transfers;
  private final int together;

  /** Chains of a queue. */
  Chains(OpenClDevice device, KernelSet kernels, Transfers transfers) {
    this.device = device;
    this.kernels = kernels;
    this.transfers = transfers;
    together = device.tuning().get(Tunable.PANELS_TOGETHER);
  }

  /**
   * Launches ops in order.
   *
   * @param each launches one that is in no chain
   * @param owner of what the kernels read of a chain
   */
  void launch(List<Op> ops, Consumer<Op> each, Arena owner) {
    Chain chain = new Chain();
    for (Op op : ops) {
      if (!chain.add(op)) {
        launch(chain, each, owner);
        chain = new Chain();
        if (!chain.add(op)) {
          each.accept(op);
        }
      }
    }
    launch(chain, each, owner);
  }

  private void launch(Chain chain, Consumer<Op> each, Arena owner) {
    if (!chain.hasProduct()) {
      chain.ops().forEach(each);
      return;
    }
    int panels = chain.panels(together);
    Tensor steps =
        uploaded(MemorySegment.ofArray(chain.table(panels, kernels.computeUnits())), owner);
    Tensor progress = uploaded(MemorySegment.ofArray(new byte[PROGRESS]), owner);
    Kernel kernel = chain.kernel(kernels, panels).get();
    kernel.buffer((OpenClBuffer) steps.buffer()).arg(chain.steps());
    kernel.buffer((OpenClBuffer) progress.buffer());
    List<OpenClBuffer> buffers = chain.buffers();
    for (int i = 0; i < Chain.BUFFERS; i++) {
      if (i < buffers.size()) {
        kernel.buffer(buffers.get(i));
      } else {
        kernel.noBuffer();
      }
    }
    kernel.run(kernels.computeUnits(), 1, 1);
  }

  private Tensor uploaded(MemorySegment bytes, Arena owner) {
    Shape shape = Shape.of(bytes.byteSize());
    Tensor to =
        Tensor.of(device.allocate(bytes.byteSize(), Usage.STATE, owner), 0, shape, DType.I8);
    transfers.upload(bytes, to);
    return to;
  }
}
