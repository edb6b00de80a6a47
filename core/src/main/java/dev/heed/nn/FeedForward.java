package dev.heed.nn;

import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;

/** The position-wise feed-forward network. */
public sealed interface FeedForward {
  /** residual [T, D] += ffn(x [T, D]). */
  void addTo(Ops ops, Workspace ws, Tensor residual, Tensor x);

  /**
   * fn(x W1 + b1) W2 + b2. Vaswani et al. 2017, equation 2.
   *
   * @param up W1 [F, D]
   * @param down W2 [D, F]
   * @param fn RELU in the paper, GELU in GPT-2 and BERT
   */
  record Plain(Linear up, Linear down, Activation fn) implements FeedForward {
    @Override
    public void addTo(Ops ops, Workspace ws, Tensor residual, Tensor x) {
      long mark = ws.mark();
      Tensor inner = ws.activations(x.shape().dim(0), up.outputs());
      up.forward(ops, inner, x, fn, Optional.empty());
      down.addTo(ops, residual, inner);
      ws.release(mark);
    }
  }

  /**
   * (fn(x Wg) * (x Wu)) Wd. Shazeer 2020: SwiGLU with SILU, GeGLU with GELU.
   *
   * @param gateUp [Wg; Wu], [2F, D]
   * @param down [D, F]
   * @param fn of the gate
   */
  record Gated(Linear gateUp, Linear down, Activation fn) implements FeedForward {
    @Override
    public void addTo(Ops ops, Workspace ws, Tensor residual, Tensor x) {
      long mark = ws.mark();
      long t = x.shape().dim(0);
      long f = gateUp.outputs() / 2;
      Tensor inner = ws.activations(t, f);
      if (gateUp.isOneWeight()) {
        gateUp.gated(ops, inner, x, fn);
      } else {
        Tensor both = ws.activations(t, 2 * f);
        Tensor gate = both.columns(0, f);
        gateUp.forward(ops, both, x);
        ops.run(new Op.Activate(gate, gate, fn));
        ops.run(new Op.Mul(inner, gate, both.columns(f, f)));
      }
      down.addTo(ops, residual, inner);
      ws.release(mark);
    }
  }
}
