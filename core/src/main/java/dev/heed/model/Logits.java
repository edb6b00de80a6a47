package dev.heed.model;

import dev.heed.nn.Linear;
import dev.heed.nn.Norm;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;

/** The end of every decoder: final norm and output projection, of the rows that want it. */
final class Logits {
  private Logits() {}

  /** logits [R, V] = head(norm(x[rows])), x [T, hidden] is destroyed where rows are all. */
  static void compute(
      Ops ops,
      Workspace ws,
      Tensor x,
      Optional<Tensor> rows,
      Norm norm,
      Linear head,
      Tensor logits) {
    Tensor wanted = x;
    if (rows.isPresent()) {
      wanted = ws.tensor(DType.F32, rows.get().shape().dim(0), x.shape().dim(1));
      ops.run(new Op.Gather(wanted, x, rows.get()));
    }
    norm.forward(ops, wanted, wanted);
    head.forward(ops, logits, wanted);
  }
}
