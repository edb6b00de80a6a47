package dev.heed.nn;

import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;

/**
 * What tells attention, which sees a set, the order of its tokens: a vector for each position,
 * added to the token's embedding (Vaswani et al. 2017, section 3.5). Learned (Gehring et al. 2017)
 * or computed, {@link Sinusoids}. {@link Rotary} positions turn queries and keys instead; {@link
 * dev.heed.op.Bias.Alibi} and {@link dev.heed.op.Bias.Relative} positions are added to scores.
 *
 * @param table a vector for each position, [positions, D]
 */
public record PositionalEncoding(Embedding table) {
  /** Sinusoids of {@code positions} positions, put on the device. */
  public static PositionalEncoding sinusoidal(Loader loader, Sinusoids sinusoids, int positions) {
    return new PositionalEncoding(
        new Embedding(
            loader.upload(() -> sinusoids.table(positions), positions, sinusoids.width())));
  }

  /** How many positions there are. */
  public int positions() {
    return table.size();
  }

  /** x [T, D] += table[positions [T]]. */
  public void addTo(Ops ops, Workspace ws, Tensor x, Tensor positions) {
    long mark = ws.mark();
    Tensor p = ws.tensor(DType.F32, x.shape().toArray());
    table.forward(ops, p, positions);
    ops.run(new Op.Add(x, x, p));
    ws.release(mark);
  }
}
