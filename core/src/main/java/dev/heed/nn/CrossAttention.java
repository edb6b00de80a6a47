package dev.heed.nn;

import dev.heed.op.KeyValues;
import dev.heed.op.Ops;
import dev.heed.op.Probe;
import dev.heed.op.Random;
import dev.heed.op.Sequences;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;

/**
 * Multi-head attention from a target to its source (Vaswani et al. 2017, section 3.2.3): queries
 * come from the decoder, keys and values from what the encoder made of the source. They are
 * computed once per source ({@link #project}) and serve all steps of its targets.
 *
 * @param query Wq, [H dim, hidden]
 * @param key Wk, [KH dim, hidden of the encoder]
 * @param value Wv, as Wk
 * @param output Wo, [hidden, H dim]
 * @param heads H, KH and dim
 * @param attention what each head does: scale, bias; not causal
 */
public record CrossAttention(
    Linear query,
    Linear key,
    Linear value,
    Linear output,
    Heads heads,
    ScaledDotProductAttention attention) {

  /**
   * The parameters of a {@code torch.nn.MultiheadAttention}: {@code in_proj_weight} [3 width,
   * width] or, where the source has another width, {@code q_proj_weight}, {@code k_proj_weight} and
   * {@code v_proj_weight}; {@code in_proj_bias}, {@code out_proj}.
   *
   * @param memoryWidth elements of a row of the source
   */
  public static CrossAttention ofTorch(Loader at, int width, int memoryWidth, int heads) {
    return new CrossAttention(
        TorchAttention.one(at, 0, "q_proj_weight", width, width),
        TorchAttention.one(at, 1, "k_proj_weight", width, memoryWidth),
        TorchAttention.one(at, 2, "v_proj_weight", width, memoryWidth),
        at.linear(width, Loader.rows("out_proj", width)),
        Heads.of(heads, width / heads),
        ScaledDotProductAttention.of(width / heads));
  }

  /** With dropout of the weights. */
  public CrossAttention withDropout(Random random) {
    return new CrossAttention(query, key, value, output, heads, attention.withDropout(random));
  }

  /**
   * Computes keys and values of encoded sources.
   *
   * @param memory [S, hidden of the encoder]: all rows of all sources
   * @param kv receives them, both [S, KH, dim]
   */
  public void project(Ops ops, Tensor memory, KeyValues.Ragged kv) {
    key.forward(ops, Heads.concat(kv.k()), memory);
    value.forward(ops, Heads.concat(kv.v()), memory);
  }

  /**
   * residual [T, hidden] += attention of x [T, hidden] over the source of each sequence.
   *
   * @param seq the targets' rows; its {@code maxKeys} is the longest source
   * @param source what {@link #project} made, with the rows of each target's source
   */
  public void addTo(
      Ops ops, Workspace ws, Tensor residual, Tensor x, Sequences seq, KeyValues.Ragged source) {
    long mark = ws.mark();
    long t = x.shape().dim(0);
    Tensor q = ws.activations(t, heads.width());
    Tensor mixed = ws.activations(t, heads.count(), heads.dim());
    query.forward(ops, q, x);
    attention.attend(
        ops,
        mixed,
        heads.split(q),
        source,
        seq,
        ops.probe().weights(Probe.Stage.CROSS, t, heads.count(), seq.maxKeys()));
    output.addTo(ops, residual, Heads.concat(mixed));
    ws.release(mark);
  }
}
