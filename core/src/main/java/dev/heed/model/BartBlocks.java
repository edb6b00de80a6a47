package dev.heed.model;

import dev.heed.device.Use;
import dev.heed.nn.AddNorm;
import dev.heed.nn.CrossAttention;
import dev.heed.nn.Dropout;
import dev.heed.nn.Embedding;
import dev.heed.nn.FeedForward;
import dev.heed.nn.Heads;
import dev.heed.nn.InputEmbedding;
import dev.heed.nn.Loader;
import dev.heed.nn.MultiHeadAttention;
import dev.heed.nn.Norm;
import dev.heed.nn.PositionalEncoding;
import dev.heed.nn.ScaledDotProductAttention;
import dev.heed.nn.Sinusoids;
import dev.heed.op.NormKind;
import java.util.Optional;

/**
 * The blocks of the two stacks of {@link Bart}'s family, and what tells its members apart.
 *
 * @param config for sizes and messages
 * @param hidden elements of a token's vector
 * @param scaled whether words are multiplied by sqrt(hidden)
 * @param sinusoidal whether positions are sinusoids, sines before cosines; else learned
 * @param inputNorm whether a norm follows words and positions
 * @param preNorm whether norms are before the sublayers; else behind the sums
 * @param finalNorm whether stacks end with a norm
 */
record BartBlocks(
    Config config,
    int hidden,
    boolean scaled,
    boolean sinusoidal,
    boolean inputNorm,
    boolean preNorm,
    boolean finalNorm) {
  /** Learned positions begin behind so many rows, which fairseq kept for padding. */
  private static final int POSITION_OFFSET = 2;

  private static final float EPS = 1e-5f;

  /** The defaults of the model's type, unless the configuration says otherwise. */
  static BartBlocks of(Config config) {
    boolean marian = config.text("model_type").equals("marian");
    boolean mbart = config.text("model_type").equals("mbart");
    return new BartBlocks(
        config,
        config.integer("d_model"),
        config.flag("scale_embedding", false),
        config.flag("static_position_embeddings", marian),
        config.flag("normalize_embedding", !marian),
        config.flag("normalize_before", mbart),
        config.flag("add_final_layer_norm", mbart));
  }

  /**
   * The input of a stack.
   *
   * @param wanted positions that will be used
   * @throws ConfigException if there are fewer learned ones
   */
  InputEmbedding input(Loader stack, Embedding words, int wanted) {
    return new InputEmbedding(
        scaled ? words.scaled() : words,
        Optional.of(positions(stack, wanted)),
        inputNorm ? Optional.of(norm(stack, "layernorm_embedding")) : Optional.empty(),
        Dropout.NONE);
  }

  private PositionalEncoding positions(Loader stack, int wanted) {
    if (sinusoidal) {
      return PositionalEncoding.sinusoidal(stack, Sinusoids.marian(hidden), wanted);
    }
    PositionalEncoding learned =
        new PositionalEncoding(
            stack.embedding("embed_positions", hidden, POSITION_OFFSET, Use.TABLE));
    if (wanted > learned.positions()) {
      throw new ConfigException(
          "context %d: the model has learned positions for %d"
              .formatted(wanted, learned.positions()));
    }
    return learned;
  }

  MultiHeadAttention self(Loader at, Heads heads, boolean causal) {
    ScaledDotProductAttention attention = ScaledDotProductAttention.of(heads.dim());
    return new MultiHeadAttention(
        at.linear(
            hidden,
            Loader.rows("q_proj", hidden),
            Loader.rows("k_proj", hidden),
            Loader.rows("v_proj", hidden)),
        at.linear(hidden, Loader.rows("out_proj", hidden)),
        heads,
        causal ? attention.withCausal() : attention);
  }

  CrossAttention cross(Loader at, Heads heads) {
    return new CrossAttention(
        at.linear(hidden, Loader.rows("q_proj", hidden)),
        at.linear(hidden, Loader.rows("k_proj", hidden)),
        at.linear(hidden, Loader.rows("v_proj", hidden)),
        at.linear(hidden, Loader.rows("out_proj", hidden)),
        heads,
        ScaledDotProductAttention.of(heads.dim()));
  }

  /** The heads that a key of the configuration counts. */
  Heads heads(String key) {
    int count = config.integer(key);
    if (count == 0 || hidden % count != 0) {
      throw config.wrong(key, Integer.toString(count), "does not divide d_model " + hidden);
    }
    return Heads.of(count, hidden / count);
  }

  FeedForward feedForward(Loader at, int inner) {
    return new FeedForward.Plain(
        at.linear(hidden, Loader.rows("fc1", inner)),
        at.linear(inner, Loader.rows("fc2", hidden)),
        config.activation("activation_function", "gelu"));
  }

  AddNorm addNorm(Loader at, String name) {
    return preNorm ? AddNorm.pre(norm(at, name)) : AddNorm.post(norm(at, name));
  }

  Optional<Norm> finalNorm(Loader stack) {
    return finalNorm ? Optional.of(norm(stack, "layer_norm")) : Optional.empty();
  }

  private Norm norm(Loader at, String name) {
    return at.norm(name, hidden, EPS, NormKind.LAYER);
  }
}
