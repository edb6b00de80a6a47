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
import dev.heed.nn.PositionalEncoding;
import dev.heed.nn.ScaledDotProductAttention;
import dev.heed.op.NormKind;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * GPT-2 (Radford et al. 2019): a pre-norm decoder with layer norms, learned positions and a GELU
 * feed-forward.
 */
public final class Gpt2 implements DecoderModel {
  private final Dimensions dimensions;
  private final int hidden;
  private final Embedding tokens;
  private final PositionalEncoding positions;
  private final Decoder decoder;
  private final Linear head;

  /**
   * Loads the weights.
   *
   * @param context positions that will be used
   * @throws dev.heed.checkpoint.CheckpointException if a tensor is missing or has another shape
   */
  public Gpt2(Config config, Loader loader, int context) {
    this.hidden = config.integer("hidden_size");
    int heads = config.integer("num_attention_heads");
    Loader model = loader.has("transformer.wte.weight") ? loader.at("transformer") : loader;
    boolean tied = config.flag("tie_word_embeddings", true) || !loader.has("lm_head.weight");
    this.tokens = model.embedding("wte", hidden, tied ? Use.BOTH : Use.TABLE);
    this.positions = new PositionalEncoding(model.embedding("wpe", hidden, Use.TABLE));
    int vocabulary = tokens.size();
    this.dimensions =
        new Dimensions(
            config.integer("num_hidden_layers"), heads, hidden / heads, vocabulary, context);
    List<DecoderLayer> layers = new ArrayList<>();
    for (int i = 0; i < dimensions.layers(); i++) {
      layers.add(layer(config, model.at("h." + i), heads));
    }
    this.decoder = new Decoder(layers, Optional.of(norm(config, model, "ln_f")));
    this.head = tied ? tokens.tied() : loader.linear(hidden, Loader.rows("lm_head", vocabulary));
  }

  private DecoderLayer layer(Config config, Loader at, int heads) {
    long inner = config.integer("intermediate_size", 4 * hidden);
    Loader attn = at.at("attn");
    Loader mlp = at.at("mlp");
    return new DecoderLayer(
        new MultiHeadAttention(
            attn.conv1d("c_attn", 3L * hidden, hidden),
            attn.conv1d("c_proj", hidden, hidden),
            Heads.of(heads, dimensions.headDim()),
            ScaledDotProductAttention.of(dimensions.headDim()).withCausal()),
        AddNorm.pre(norm(config, at, "ln_1")),
        new FeedForward.Plain(
            mlp.conv1d("c_fc", inner, hidden),
            mlp.conv1d("c_proj", hidden, inner),
            config.activation("hidden_act", "gelu_new")),
        AddNorm.pre(norm(config, at, "ln_2")));
  }

  private Norm norm(Config config, Loader at, String name) {
    return at.norm(name, hidden, (float) config.number("layer_norm_eps", 1e-5), NormKind.LAYER);
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
    tokens.forward(ops, x, batch.ids());
    positions.addTo(ops, ws, x, batch.positions());
    Tensor y = decoder.forward(ops, ws, x, batch, cache, Optional.empty(), rows);
    head.forward(ops, logits, y);
    ws.release(mark);
  }
}
