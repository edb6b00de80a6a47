package dev.heed.model;

import dev.heed.device.Use;
import dev.heed.nn.AddNorm;
import dev.heed.nn.Batch;
import dev.heed.nn.Decoder;
import dev.heed.nn.DecoderLayer;
import dev.heed.nn.Embedding;
import dev.heed.nn.FeedForward;
import dev.heed.nn.Heads;
import dev.heed.nn.KvCache;
import dev.heed.nn.Linear;
import dev.heed.nn.Loader;
import dev.heed.nn.MultiHeadAttention;
import dev.heed.nn.Norm;
import dev.heed.nn.Rotary;
import dev.heed.nn.RotaryTable;
import dev.heed.nn.ScaledDotProductAttention;
import dev.heed.op.Activation;
import dev.heed.op.NormKind;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Llama (Touvron et al. 2023) and what shares its form: a pre-norm decoder with RMS norms, rotary
 * positions, grouped heads and a gated feed-forward. Llama 2 and 3, Mistral (sliding window), Qwen2
 * (biases on q, k and v), Qwen3 (norms on the heads of q and k).
 */
public final class Llama implements DecoderModel {
  private final Dimensions dimensions;
  private final int hidden;
  private final Embedding embedding;
  private final Decoder decoder;
  private final Linear head;

  /**
   * Loads the weights.
   *
   * @param context positions that will be used
   * @throws dev.heed.checkpoint.CheckpointException if a tensor is missing or has another shape
   */
  public Llama(Config config, Loader loader, int context) {
    this.hidden = config.integer("hidden_size");
    int heads = config.integer("num_attention_heads");
    int kvHeads = config.integer("num_key_value_heads", heads);
    int headDim = config.integer("head_dim", hidden / heads);
    boolean tied = config.flag("tie_word_embeddings", false) || !loader.has("lm_head.weight");
    Loader model = loader.at("model");
    this.embedding = model.embedding("embed_tokens", hidden, tied ? Use.BOTH : Use.TABLE);
    int vocabulary = embedding.size();
    this.dimensions =
        new Dimensions(config.integer("num_hidden_layers"), kvHeads, headDim, vocabulary, context);
    Rotary rotary = rotary(config, loader, headDim, context);
    List<DecoderLayer> layers = new ArrayList<>();
    for (int i = 0; i < dimensions.layers(); i++) {
      layers.add(layer(config, model.at("layers." + i), heads, rotary));
    }
    this.decoder = new Decoder(layers, Optional.of(norm(config, model, "norm", hidden)));
    this.head = tied ? embedding.tied() : loader.linear(hidden, Loader.rows("lm_head", vocabulary));
  }

  private DecoderLayer layer(Config config, Loader at, int heads, Rotary rotary) {
    Loader self = at.at("self_attn");
    Loader mlp = at.at("mlp");
    int headDim = dimensions.headDim();
    long kv = (long) dimensions.kvHeads() * headDim;
    long q = (long) heads * headDim;
    long inner = config.integer("intermediate_size");
    Optional<Norm> qNorm =
        self.has("q_norm.weight")
            ? Optional.of(norm(config, self, "q_norm", headDim))
            : Optional.empty();
    Optional<Norm> kNorm = qNorm.map(n -> norm(config, self, "k_norm", headDim));
    MultiHeadAttention attention =
        new MultiHeadAttention(
            self.linear(
                hidden,
                Loader.rows("q_proj", q),
                Loader.rows("k_proj", kv),
                Loader.rows("v_proj", kv)),
            self.linear(q, Loader.rows("o_proj", hidden)),
            new Heads(heads, dimensions.kvHeads(), headDim),
            ScaledDotProductAttention.of(headDim).withCausal().withWindow(window(config)),
            Optional.of(rotary),
            qNorm,
            kNorm);
    Activation fn = config.activation("hidden_act", "silu");
    FeedForward ffn =
        new FeedForward.Gated(
            mlp.linear(hidden, Loader.rows("gate_proj", inner), Loader.rows("up_proj", inner)),
            mlp.linear(inner, Loader.rows("down_proj", hidden)),
            fn);
    return new DecoderLayer(
        attention,
        AddNorm.pre(norm(config, at, "input_layernorm", hidden)),
        ffn,
        AddNorm.pre(norm(config, at, "post_attention_layernorm", hidden)));
  }

  private static Norm norm(Config config, Loader at, String name, int width) {
    return at.norm(name, width, (float) config.number("rms_norm_eps", 1e-6), NormKind.RMS);
  }

  /** Qwen2 has the key but uses it only where it says so; Mistral just has the key. */
  private static int window(Config config) {
    return config.flag("use_sliding_window", true) ? config.integer("sliding_window", 0) : 0;
  }

  private static Rotary rotary(Config config, Loader loader, int headDim, int context) {
    int dimensions =
        config.integer("rotary_dim", (int) (headDim * config.number("partial_rotary_factor", 1)));
    Optional<float[]> factors =
        loader.has("rope_freqs.weight")
            ? Optional.of(loader.floats("rope_freqs.weight", dimensions / 2))
            : Optional.empty();
    RotaryTable table =
        new RotaryTable(
            config.number("rope_theta", 10000), dimensions, RopeScaling.of(config), factors);
    return new Rotary(
        loader.upload(() -> table.compute(context), context, 2, dimensions / 2),
        loader.ropeInterleaved());
  }

  @Override
  public Dimensions dimensions() {
    return dimensions;
  }

  @Override
  public void forward(
      Ops ops, Workspace ws, Batch batch, KvCache cache, Optional<Tensor> rows, Tensor logits) {
    long mark = ws.mark();
    Tensor x = ws.tensor(DType.F32, batch.tokens(), hidden);
    embedding.forward(ops, x, batch.ids());
    Tensor y = decoder.forward(ops, ws, x, batch, cache, Optional.empty(), rows);
    head.forward(ops, logits, y);
    ws.release(mark);
  }
}
