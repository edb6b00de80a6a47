package dev.heed.nn;

import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.Random;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;

/**
 * The residual connection and the norm around a sublayer f (He et al. 2016; Vaswani et al. 2017,
 * section 3.1). Post-norm, as in the paper and in BERT:
 *
 * <pre>x = norm(x + dropout(f(x)))</pre>
 *
 * Pre-norm, which trains without warm-up (Xiong et al. 2020), as in GPT-2, Llama and T5:
 *
 * <pre>x = x + dropout(f(norm(x)))</pre>
 *
 * @param norm layer or RMS norm
 * @param placement before the sublayer or behind the sum
 * @param dropout of what the sublayer gives, section 5.4
 */
public record AddNorm(Norm norm, Placement placement, Dropout dropout) {
  /** Where the norm is. */
  public enum Placement {
    /** Before the sublayer; the residual stream itself is never normed. */
    PRE,
    /** Behind the sum. */
    POST
  }

  /** A part of a layer. */
  @FunctionalInterface
  public interface Sublayer {
    /** residual [T, hidden] += f(x [T, hidden]); x may be the residual itself. */
    void addTo(Tensor residual, Tensor x);
  }

  /** x = x + f(norm(x)). */
  public static AddNorm pre(Norm norm) {
    return new AddNorm(norm, Placement.PRE, Dropout.NONE);
  }

  /** x = norm(x + f(x)). */
  public static AddNorm post(Norm norm) {
    return new AddNorm(norm, Placement.POST, Dropout.NONE);
  }

  /** With dropout of what the sublayer gives. */
  public AddNorm withDropout(Random random) {
    return new AddNorm(norm, placement, Dropout.of(random));
  }

  /**
   * Runs the sublayer on x F32 [T, hidden], in place; what it reads is of the workspace's compute
   * type.
   */
  public void around(Ops ops, Workspace ws, Tensor x, Sublayer f) {
    long mark = ws.mark();
    Tensor in;
    if (placement == Placement.PRE) {
      in = ws.activations(x.shape().toArray());
      norm.forward(ops, in, x);
    } else {
      in = Rounding.toCompute(ops, ws, x);
    }
    add(ops, ws, x, in, f);
    if (placement == Placement.POST) {
      norm.forward(ops, x, x);
    }
    ws.release(mark);
  }

  /** x += dropout(f(in)). */
  private void add(Ops ops, Workspace ws, Tensor x, Tensor in, Sublayer f) {
    if (dropout.isIdentity()) {
      f.addTo(x, in);
      return;
    }
    Tensor y = ws.tensor(DType.F32, x.shape().toArray());
    ops.run(new Op.Fill(y, 0));
    f.addTo(y, in);
    dropout.forward(ops, y);
    ops.run(new Op.Add(x, x, y));
  }
}
