package dev.heed.model;

import dev.heed.device.Use;
import dev.heed.nn.AddNorm;
import dev.heed.nn.Embedding;
import dev.heed.nn.Encoder;
import dev.heed.nn.EncoderLayer;
import dev.heed.nn.FeedForward;
import dev.heed.nn.Heads;
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
 * BERT (Devlin et al. 2019): a post-norm encoder with learned positions and segments. MiniLM, BGE
 * and E5 are BERTs that differ in how their token vectors are pooled.
 */
public final class Bert implements EncoderModel {
  private final int hidden;
  private final int maxPositions;
  private final Embedding words;
  private final PositionalEncoding positions;
  private final Embedding types;
  private final Norm embeddingNorm;
  private final Encoder encoder;

  /**
   * Loads the weights.
   *
   * @throws dev.heed.checkpoint.CheckpointException if a tensor is missing or has another shape
   */
  public Bert(Config config, Loader loader) {
    this.hidden = config.integer("hidden_size");
    this.maxPositions = config.integer("max_position_embeddings");
    Loader model =
        loader.has("bert.embeddings.word_embeddings.weight") ? loader.at("bert") : loader;
    Loader embeddings = model.at("embeddings");
    this.words = embeddings.embedding("word_embeddings", hidden, Use.TABLE);
    this.positions =
        new PositionalEncoding(embeddings.embedding("position_embeddings", hidden, Use.TABLE));
    this.types = embeddings.embedding("token_type_embeddings", hidden, Use.TABLE);
    this.embeddingNorm = norm(config, embeddings);
    List<EncoderLayer> layers = new ArrayList<>();
    for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
      layers.add(layer(config, model.at("encoder.layer." + i)));
    }
    this.encoder = new Encoder(layers, Optional.empty());
  }

  private EncoderLayer layer(Config config, Loader at) {
    int heads = config.integer("num_attention_heads");
    long inner = config.integer("intermediate_size");
    Loader attention = at.at("attention");
    return new EncoderLayer(
        new MultiHeadAttention(
            attention
                .at("self")
                .linear(
                    hidden,
                    Loader.rows("query", hidden),
                    Loader.rows("key", hidden),
                    Loader.rows("value", hidden)),
            attention.at("output").linear(hidden, Loader.rows("dense", hidden)),
            Heads.of(heads, hidden / heads),
            ScaledDotProductAttention.of(hidden / heads)),
        AddNorm.post(norm(config, attention.at("output"))),
        new FeedForward.Plain(
            at.at("intermediate").linear(hidden, Loader.rows("dense", inner)),
            at.at("output").linear(inner, Loader.rows("dense", hidden)),
            config.activation("hidden_act", "gelu")),
        AddNorm.post(norm(config, at.at("output"))));
  }

  private Norm norm(Config config, Loader at) {
    float eps = (float) config.number("layer_norm_eps", 1e-12);
    return at.norm("LayerNorm", hidden, eps, NormKind.LAYER);
  }

  @Override
  public int hidden() {
    return hidden;
  }

  @Override
  public int vocabulary() {
    return words.size();
  }

  @Override
  public int positions() {
    return maxPositions;
  }

  @Override
  public void forward(Ops ops, Workspace ws, Input in, Tensor out) {
    long mark = ws.mark();
    words.forward(ops, out, in.ids());
    positions.addTo(ops, ws, out, in.positions());
    Tensor segments = ws.tensor(DType.F32, out.shape().toArray());
    types.forward(ops, segments, in.types());
    embeddingNorm.afterAdding(ops, out, segments);
    ws.release(mark);
    encoder.forward(ops, ws, out, in.within());
  }
}
