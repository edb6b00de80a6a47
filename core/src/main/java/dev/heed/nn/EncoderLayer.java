package dev.heed.nn;

import dev.heed.op.Ops;
import dev.heed.op.Random;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;

/**
 * A layer of the encoder (Vaswani et al. 2017, section 3.1): self-attention in both directions,
 * then the feed-forward network, each with its residual connection and norm.
 *
 * @param attention not causal
 * @param attentionNorm around the attention
 * @param ffn the feed-forward network
 * @param ffnNorm around the feed-forward network
 */
public record EncoderLayer(
    MultiHeadAttention attention, AddNorm attentionNorm, FeedForward ffn, AddNorm ffnNorm) {

  /** With dropout of the attention's weights and of what each sublayer gives. */
  public EncoderLayer withDropout(Random random) {
    return new EncoderLayer(
        attention.withDropout(random),
        attentionNorm.withDropout(random),
        ffn,
        ffnNorm.withDropout(random));
  }

  /** x [T, hidden], in place. */
  public void forward(Ops ops, Workspace ws, Tensor x, Ragged within) {
    attentionNorm.around(ops, ws, x, (r, h) -> attention.addRagged(ops, ws, r, h, within));
    ffnNorm.around(ops, ws, x, (r, h) -> ffn.addTo(ops, ws, r, h));
  }
}
