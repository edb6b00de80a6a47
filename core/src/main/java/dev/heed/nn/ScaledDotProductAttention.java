package dev.heed.nn;

import dev.heed.op.Bias;
import dev.heed.op.KeyValues;
import dev.heed.op.Normalizer;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.op.Random;
import dev.heed.op.Sequences;
import dev.heed.tensor.Tensor;
import java.util.Optional;

/**
 * Scaled dot-product attention (Vaswani et al. 2017, equation 1): each query takes the mean of the
 * values, weighted by how much it resembles their keys,
 *
 * <pre>Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V</pre>
 *
 * <p>Scores are scaled and the bias added, then capped, then masked, then normalised. A query that
 * sees no key gives zeros. Heads are independent; KH heads of keys and values serve H / KH
 * consecutive heads of queries each (Ainslie et al. 2023).
 *
 * @param scale of the products, 1/sqrt(d_k): products of d_k independent terms of variance 1 have
 *     variance d_k, and softmax of such large scores has no gradient left. 1 in T5
 * @param causal a query sees keys up to its own position only
 * @param window how many keys back a query sees, its own included; 0 for all (Beltagy et al. 2020)
 * @param softCap c: scores become c tanh(s / c) (Gemma 2); 0 for none
 * @param bias added to the scores: a mask of -inf, ALiBi, T5's relative positions
 * @param normalizer softmax, or ReLU (Wortsman et al. 2023)
 * @param dropout of the weights
 */
public record ScaledDotProductAttention(
    float scale,
    boolean causal,
    int window,
    float softCap,
    Bias bias,
    Normalizer normalizer,
    Optional<Random> dropout) {

  /** The paper's: every query sees every key, scores are divided by sqrt({@code keyDim}). */
  public static ScaledDotProductAttention of(int keyDim) {
    return new ScaledDotProductAttention(
        (float) (1 / Math.sqrt(keyDim)),
        false,
        0,
        0,
        Bias.NONE,
        Normalizer.SOFTMAX,
        Optional.empty());
  }

  /** Whose queries see keys up to their own position only. */
  public ScaledDotProductAttention withCausal() {
    return new ScaledDotProductAttention(scale, true, window, softCap, bias, normalizer, dropout);
  }

  /** With products multiplied by {@code factor}. */
  public ScaledDotProductAttention withScale(float factor) {
    return new ScaledDotProductAttention(
        factor, causal, window, softCap, bias, normalizer, dropout);
  }

  /** Whose queries see {@code keys} keys back, their own included; 0 for all. */
  public ScaledDotProductAttention withWindow(int keys) {
    return new ScaledDotProductAttention(scale, causal, keys, softCap, bias, normalizer, dropout);
  }

  /** With scores capped at {@code cap}; 0 for none. */
  public ScaledDotProductAttention withSoftCap(float cap) {
    return new ScaledDotProductAttention(scale, causal, window, cap, bias, normalizer, dropout);
  }

  /** With {@code added} to the scores. */
  public ScaledDotProductAttention withBias(Bias added) {
    return new ScaledDotProductAttention(
        scale, causal, window, softCap, added, normalizer, dropout);
  }

  /** With {@code other} in the place of softmax. */
  public ScaledDotProductAttention withNormalizer(Normalizer other) {
    return new ScaledDotProductAttention(scale, causal, window, softCap, bias, other, dropout);
  }

  /** With dropout of the weights. */
  public ScaledDotProductAttention withDropout(Random random) {
    return new ScaledDotProductAttention(
        scale, causal, window, softCap, bias, normalizer, Optional.of(random));
  }

  /**
   * out = attention of the queries of a ragged batch over its keys and values.
   *
   * @param out [T, H, d_v]
   * @param q [T, H, d_k]
   * @param kv [.., KH, d_k] and [.., KH, d_v]: rows of a batch or pages of a cache
   */
  public void attend(Ops ops, Tensor out, Tensor q, KeyValues kv, Sequences seq) {
    attend(ops, out, q, kv, seq, Optional.empty());
  }

  /**
   * The same, and the weights where they are asked for.
   *
   * @param weights F32 [T, H, maxKeys], before dropout, zero where hidden
   */
  public void attend(
      Ops ops, Tensor out, Tensor q, KeyValues kv, Sequences seq, Optional<Tensor> weights) {
    ops.run(
        new Op.Attention(
            out, q, kv, seq, scale, causal, window, softCap, bias, normalizer, dropout, weights));
  }
}
