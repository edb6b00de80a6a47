package dev.heed.nn;

import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.function.Consumer;

/** From the residual stream and other activations to what products read. */
final class Rounding {
  private Rounding() {}

  /** x in the workspace's compute type: a copy in the workspace, or x itself if it has the type. */
  static Tensor toCompute(Ops ops, Workspace ws, Tensor x) {
    if (x.dtype() == ws.compute()) {
      return x;
    }
    Tensor rounded = ws.activations(x.shape().toArray());
    ops.run(new Op.Cast(rounded, x));
    return rounded;
  }

  /**
   * Runs products with weights of block types on what they read instead of x: where the session
   * rounds for them, a copy in scratch, made once for all of them; else x itself.
   */
  static void forBlocks(Ops ops, Tensor x, Consumer<Tensor> products) {
    Workspace scratch = ops.scratch();
    if (scratch.rounding().isEmpty()) {
      products.accept(x);
      return;
    }
    long mark = scratch.mark();
    Tensor rounded = scratch.tensor(scratch.rounding().get(), x.shape().toArray());
    ops.run(new Op.Cast(rounded, x));
    products.accept(rounded);
    scratch.release(mark);
  }
}
