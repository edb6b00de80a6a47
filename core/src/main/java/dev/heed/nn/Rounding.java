package dev.heed.nn;

import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;

/** From the residual stream, which is F32, to what products read. */
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
}
