package dev.heed.nn;

import dev.heed.op.KeyValues;
import dev.heed.op.Ops;
import dev.heed.op.Random;
import dev.heed.op.Sequences;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;

/**
 * A layer of the decoder (Vaswani et al. 2017, section 3.1): masked self-attention, attention to
 * the source, then the feed-forward network, each with its residual connection and norm.
 *
 * @param attention causal
 * @param attentionNorm around the self-attention
 * @param cross the attention to the source; nothing in decoders without an encoder
 * @param ffn the feed-forward network
 * @param ffnNorm around the feed-forward network
 */
public record DecoderLayer(
    MultiHeadAttention attention,
    AddNorm attentionNorm,
    Optional<Cross> cross,
    FeedForward ffn,
    AddNorm ffnNorm) {

  /**
   * The attention to the source.
   *
   * @param attention queries from the target, keys and values from the source
   * @param norm around it
   */
  public record Cross(CrossAttention attention, AddNorm norm) {}

  /**
   * The encoded sources a layer attends to.
   *
   * @param kv this layer's keys and values of them
   * @param seq the targets' rows; its {@code maxKeys} is the longest source
   */
  public record Source(KeyValues.Ragged kv, Sequences seq) {}

  /** A layer without attention to a source. */
  public DecoderLayer(
      MultiHeadAttention attention, AddNorm attentionNorm, FeedForward ffn, AddNorm ffnNorm) {
    this(attention, attentionNorm, Optional.empty(), ffn, ffnNorm);
  }

  /** With dropout of the attentions' weights and of what each sublayer gives. */
  public DecoderLayer withDropout(Random random) {
    return new DecoderLayer(
        attention.withDropout(random),
        attentionNorm.withDropout(random),
        cross.map(c -> new Cross(c.attention().withDropout(random), c.norm().withDropout(random))),
        ffn,
        ffnNorm.withDropout(random));
  }

  /**
   * x [T, hidden], in place; stores its keys and values in the cache.
   *
   * @param source there if and only if the layer attends to one
   */
  public void forward(
      Ops ops,
      Workspace ws,
      Tensor x,
      Batch batch,
      KeyValues.Paged cache,
      Optional<Source> source) {
    attentionNorm.around(ops, ws, x, (r, h) -> attention.addCached(ops, ws, r, h, batch, cache));
    cross.ifPresent(
        c -> {
          Source s = source.orElseThrow();
          c.norm()
              .around(ops, ws, x, (r, h) -> c.attention().addTo(ops, ws, r, h, s.seq(), s.kv()));
        });
    ffnNorm.around(ops, ws, x, (r, h) -> ffn.addTo(ops, ws, r, h));
  }
}
