package dev.heed.nn;

import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.Probe;
import dev.heed.op.Sequences;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;

/**
 * Multi-head self-attention (Vaswani et al. 2017, section 3.2.2) with one projection for all
 * queries, keys and values; grouped heads (Ainslie et al. 2023) where there are fewer keys than
 * queries.
 *
 * @param qkv [Wq; Wk; Wv], [(H + 2 KH) D, hidden]
 * @param output Wo, [hidden, H D]
 * @param heads H
 * @param kvHeads KH
 * @param headDim D
 * @param rotary turns queries and keys, where positions are rotary
 * @param queryNorm RMS norm over each head of the queries (Qwen3)
 * @param keyNorm the same for keys
 * @param window how many keys back a query sees, its own included; 0 for all
 */
public record MultiHeadAttention(
    Linear qkv,
    Linear output,
    int heads,
    int kvHeads,
    int headDim,
    Optional<Rotary> rotary,
    Optional<Norm> queryNorm,
    Optional<Norm> keyNorm,
    int window) {

  /** Attention without rotary positions, head norms or window. */
  public MultiHeadAttention(Linear qkv, Linear output, int heads, int headDim) {
    this(
        qkv,
        output,
        heads,
        heads,
        headDim,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        0);
  }

  /**
   * residual [T, hidden] += causal attention of x [T, hidden] over the cached positions and itself;
   * stores its keys and values.
   */
  public void addCausal(
      Ops ops, Workspace ws, Tensor residual, Tensor x, Batch batch, KeyValues.Paged cache) {
    long mark = ws.mark();
    Tensor all = ws.tensor(DType.F32, x.shape().dim(0), qkv.outputs());
    qkv.forward(ops, all, x);
    Tensor q = storeKeysAndValues(ops, ws, all, batch, cache);
    attendAndProject(ops, ws, residual, q, cache, batch.seq(), true);
    ws.release(mark);
  }

  /**
   * residual [T, hidden] += attention of x [T, hidden] within each of its sequences, in both
   * directions.
   *
   * @param starts I32 [B]: first row of each sequence
   * @param lengths I32 [B]
   */
  public void addBidirectional(
      Ops ops,
      Workspace ws,
      Tensor residual,
      Tensor x,
      Sequences seq,
      Tensor starts,
      Tensor lengths) {
    long mark = ws.mark();
    Tensor all = ws.tensor(DType.F32, x.shape().dim(0), qkv.outputs());
    qkv.forward(ops, all, x);
    KeyValues kv =
        new KeyValues.Ragged(
            heads(all, heads, kvHeads), heads(all, heads + kvHeads, kvHeads), starts, lengths);
    attendAndProject(ops, ws, residual, heads(all, 0, heads), kv, seq, false);
    ws.release(mark);
  }

  /** Puts keys and values of [T, (H + 2 KH) D] into the cache and gives the queries [T, H, D]. */
  private Tensor storeKeysAndValues(
      Ops ops, Workspace ws, Tensor all, Batch batch, KeyValues.Paged cache) {
    if (rotary.isEmpty()) {
      Tensor k = heads(all, heads, kvHeads);
      Tensor v = heads(all, heads + kvHeads, kvHeads);
      ops.run(new Op.StoreRows(cache.kPages(), k, cache.blockTable(), batch.seq()));
      ops.run(new Op.StoreRows(cache.vPages(), v, cache.blockTable(), batch.seq()));
      return heads(all, 0, heads);
    }
    Tensor q = ws.tensor(DType.F32, all.shape().dim(0), heads, headDim);
    ops.run(
        new Op.QkvRopeStore(
            q,
            cache.kPages(),
            cache.vPages(),
            all,
            Optional.empty(),
            queryNorm.flatMap(Norm::weight),
            keyNorm.flatMap(Norm::weight),
            queryNorm.map(Norm::eps).orElse(0f),
            rotary.get().cosSin(),
            batch.positions(),
            rotary.get().interleaved(),
            cache.blockTable(),
            batch.seq()));
    return q;
  }

  private void attendAndProject(
      Ops ops,
      Workspace ws,
      Tensor residual,
      Tensor q,
      KeyValues kv,
      Sequences seq,
      boolean causal) {
    long t = q.shape().dim(0);
    Tensor mixed = ws.tensor(DType.F32, t, heads, headDim);
    ops.run(
        new Op.Attention(
            mixed,
            q,
            kv,
            seq,
            (float) (1 / Math.sqrt(headDim)),
            causal,
            window,
            0,
            Bias.NONE,
            Normalizer.SOFTMAX,
            Optional.empty(),
            ops.probe()
                .weights(
                    causal ? Probe.Stage.DECODER : Probe.Stage.ENCODER, t, heads, seq.maxKeys())));
    output.addTo(ops, residual, mixed.reshape(t, (long) heads * headDim));
  }

  /** Heads {@code from} to {@code from + count} of [T, heads D] as [T, count, D]. */
  private Tensor heads(Tensor all, int from, int count) {
    return all.columns((long) from * headDim, (long) count * headDim)
        .reshape(all.shape().dim(0), count, headDim);
  }
}
