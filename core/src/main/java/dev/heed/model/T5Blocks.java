package dev.heed.model;

import dev.heed.device.Use;
import dev.heed.nn.AddNorm;
import dev.heed.nn.CrossAttention;
import dev.heed.nn.Embedding;
import dev.heed.nn.FeedForward;
import dev.heed.nn.Heads;
import dev.heed.nn.Linear;
import dev.heed.nn.Loader;
import dev.heed.nn.MultiHeadAttention;
import dev.heed.nn.Norm;
import dev.heed.nn.ScaledDotProductAttention;
import dev.heed.op.Activation;
import dev.heed.op.Bias;
import dev.heed.op.NormKind;

/**
 * The blocks of T5's two stacks: RMS norms without mean or bias before each sublayer, products of
 * queries and keys that are not scaled, and no bias in any projection.
 *
 * @param hidden elements of a token's vector
 * @param heads may be wider together than {@code hidden}
 * @param inner elements inside the feed-forward network
 * @param gated whether that is gated, as from v1.1 on
 * @param fn its activation
 * @param eps of the norms
 * @param buckets of relative positions
 * @param maxDistance from which on positions share a bucket
 */
record T5Blocks(
    int hidden,
    Heads heads,
    int inner,
    boolean gated,
    Activation fn,
    float eps,
    int buckets,
    int maxDistance) {

  static T5Blocks of(Config config) {
    String ffn = config.text("feed_forward_proj", "relu");
    boolean gated = ffn.startsWith("gated-");
    String fn = gated ? ffn.substring("gated-".length()) : ffn;
    return new T5Blocks(
        config.integer("d_model"),
        Heads.of(config.integer("num_heads"), config.integer("d_kv")),
        config.integer("d_ff"),
        gated,
        // Hugging Face takes GeGLU's GELU to be the tanh one, unless the file says otherwise.
        config.activation("dense_act_fn", ffn.equals("gated-gelu") ? "gelu_new" : fn),
        (float) config.number("layer_norm_epsilon", 1e-6),
        config.integer("relative_attention_num_buckets", 32),
        config.integer("relative_attention_max_distance", 128));
  }

  /** The words of both stacks; files keep them under one of several names. */
  Embedding words(Loader loader, Use use) {
    for (String name : new String[] {"shared", "encoder.embed_tokens", "decoder.embed_tokens"}) {
      if (loader.has(name + ".weight")) {
        return loader.embedding(name, hidden, use);
      }
    }
    return loader.embedding("shared", hidden, use);
  }

  /** The attention of a stack, whose first layer holds the position bias of all. */
  ScaledDotProductAttention attention(Loader stack, boolean causal) {
    Bias bias =
        new Bias.Relative(
            stack.tensor(
                "block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                buckets,
                heads.count()),
            !causal,
            maxDistance);
    ScaledDotProductAttention attention = unscaled().withBias(bias);
    return causal ? attention.withCausal() : attention;
  }

  private ScaledDotProductAttention unscaled() {
    return ScaledDotProductAttention.of(heads.dim()).withScale(1);
  }

  MultiHeadAttention self(Loader at, ScaledDotProductAttention attention) {
    return new MultiHeadAttention(
        at.linear(
            hidden,
            Loader.rows("q", heads.width()),
            Loader.rows("k", heads.width()),
            Loader.rows("v", heads.width())),
        output(at),
        heads,
        attention);
  }

  CrossAttention cross(Loader at) {
    return new CrossAttention(
        at.linear(hidden, Loader.rows("q", heads.width())),
        at.linear(hidden, Loader.rows("k", heads.width())),
        at.linear(hidden, Loader.rows("v", heads.width())),
        output(at),
        heads,
        unscaled());
  }

  private Linear output(Loader at) {
    return at.linear(heads.width(), Loader.rows("o", hidden));
  }

  FeedForward feedForward(Loader at) {
    Linear down = at.linear(inner, Loader.rows("wo", hidden));
    return gated
        ? new FeedForward.Gated(
            at.linear(hidden, Loader.rows("wi_0", inner), Loader.rows("wi_1", inner)), down, fn)
        : new FeedForward.Plain(at.linear(hidden, Loader.rows("wi", inner)), down, fn);
  }

  AddNorm preNorm(Loader at) {
    return AddNorm.pre(norm(at, "layer_norm"));
  }

  Norm norm(Loader at, String name) {
    return at.norm(name, hidden, eps, NormKind.RMS);
  }
}
