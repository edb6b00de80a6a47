package dev.heed.nn;

import dev.heed.op.KeyValues;
import dev.heed.op.NormKind;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.Probe;
import dev.heed.op.Random;
import dev.heed.op.Sequences;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;

/**
 * Multi-head self-attention (Vaswani et al. 2017, section 3.2.2):
 *
 * <pre>MultiHead(X) = Concat(head_1, .., head_H) Wo, head_i = Attention(X Wq_i, X Wk_i, X Wv_i)
 * </pre>
 *
 * <p>One matrix product projects to the queries, keys and values of all heads. Where there are
 * fewer heads of keys than of queries, several share them (Ainslie et al. 2023). {@link
 * CrossAttention} attends to another sequence.
 *
 * @param qkv [Wq; Wk; Wv], [(H + 2 KH) dim, hidden]
 * @param output Wo, [hidden, H dim]
 * @param heads H, KH and dim
 * @param attention what each head does: scale, mask, bias
 * @param rotary turns queries and keys, where positions are rotary
 * @param queryNorm RMS norm over each head of the queries (Qwen3); only with rotary positions
 * @param keyNorm the same for keys
 */
public record MultiHeadAttention(
    Linear qkv,
    Linear output,
    Heads heads,
    ScaledDotProductAttention attention,
    Optional<Rotary> rotary,
    Optional<Norm> queryNorm,
    Optional<Norm> keyNorm) {

  /**
   * Checks what goes together.
   *
   * @throws IllegalArgumentException if heads have norms but positions are not rotary
   */
  public MultiHeadAttention {
    if (rotary.isEmpty() && (queryNorm.isPresent() || keyNorm.isPresent())) {
      throw new IllegalArgumentException("attention: norms of heads need rotary positions");
    }
  }

  /** Attention without rotary positions. */
  public MultiHeadAttention(
      Linear qkv, Linear output, Heads heads, ScaledDotProductAttention attention) {
    this(qkv, output, heads, attention, Optional.empty(), Optional.empty(), Optional.empty());
  }

  /**
   * The parameters of a {@code torch.nn.MultiheadAttention} for self-attention: {@code
   * in_proj_weight} [3 width, width], {@code in_proj_bias}, {@code out_proj}.
   */
  public static MultiHeadAttention ofTorch(
      Loader at, int width, int heads, ScaledDotProductAttention attention) {
    return new MultiHeadAttention(
        TorchAttention.all(at, width),
        at.linear(width, Loader.rows("out_proj", width)),
        Heads.of(heads, width / heads),
        attention);
  }

  /** With dropout of the weights. */
  public MultiHeadAttention withDropout(Random random) {
    return new MultiHeadAttention(
        qkv, output, heads, attention.withDropout(random), rotary, queryNorm, keyNorm);
  }

  /**
   * residual [T, hidden] += attention of x [T, hidden] over the cached positions and itself; stores
   * its keys and values.
   */
  public void addCached(
      Ops ops, Workspace ws, Tensor residual, Tensor x, Batch batch, KeyValues.Paged cache) {
    long mark = ws.mark();
    Tensor all = ws.activations(x.shape().dim(0), qkv.outputs());
    qkv.forward(ops, all, x);
    Tensor q = storeKeysAndValues(ops, ws, all, batch, cache);
    attendAndProject(ops, ws, residual, q, cache, batch.seq());
    ws.release(mark);
  }

  /** residual [T, hidden] += attention of x [T, hidden] within each of its sequences. */
  public void addRagged(Ops ops, Workspace ws, Tensor residual, Tensor x, Ragged within) {
    long mark = ws.mark();
    Tensor all = ws.activations(x.shape().dim(0), qkv.outputs());
    qkv.forward(ops, all, x);
    Tensor q = rotate(ops, ws, heads.queries(all), queryNorm, within.positions());
    Tensor k = rotate(ops, ws, heads.keys(all), keyNorm, within.positions());
    attendAndProject(ops, ws, residual, q, within.keyValues(k, heads.values(all)), within.seq());
    ws.release(mark);
  }

  /** Puts the keys and values of a combined projection into the cache and gives its queries. */
  private Tensor storeKeysAndValues(
      Ops ops, Workspace ws, Tensor all, Batch batch, KeyValues.Paged cache) {
    if (rotary.isEmpty()) {
      ops.run(new Op.StoreRows(cache.kPages(), heads.keys(all), cache.blockTable(), batch.seq()));
      ops.run(new Op.StoreRows(cache.vPages(), heads.values(all), cache.blockTable(), batch.seq()));
      return heads.queries(all);
    }
    Tensor q = ws.activations(all.shape().dim(0), heads.count(), heads.dim());
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

  /** x [T, n, dim], normed and turned where positions are rotary. */
  private Tensor rotate(Ops ops, Workspace ws, Tensor x, Optional<Norm> norm, Tensor positions) {
    if (rotary.isEmpty()) {
      return x;
    }
    Tensor y = ws.activations(x.shape().toArray());
    norm.ifPresent(
        n -> ops.run(new Op.Norm(y, x, n.weight(), Optional.empty(), n.eps(), NormKind.RMS)));
    ops.run(
        new Op.Rope(
            y,
            norm.isPresent() ? y : x,
            rotary.get().cosSin(),
            positions,
            rotary.get().interleaved()));
    return y;
  }

  private void attendAndProject(
      Ops ops, Workspace ws, Tensor residual, Tensor q, KeyValues kv, Sequences seq) {
    long t = q.shape().dim(0);
    Probe.Stage stage = attention.causal() ? Probe.Stage.DECODER : Probe.Stage.ENCODER;
    Tensor mixed = ws.activations(t, heads.count(), heads.dim());
    attention.attend(
        ops, mixed, q, kv, seq, ops.probe().weights(stage, t, heads.count(), seq.maxKeys()));
    output.addTo(ops, residual, Heads.concat(mixed));
  }
}
