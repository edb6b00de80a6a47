package dev.heed.model;

import dev.heed.device.Use;
import dev.heed.nn.Batch;
import dev.heed.nn.CrossCache;
import dev.heed.nn.Decoder;
import dev.heed.nn.DecoderLayer;
import dev.heed.nn.Embedding;
import dev.heed.nn.Heads;
import dev.heed.nn.InputEmbedding;
import dev.heed.nn.KvCache;
import dev.heed.nn.Linear;
import dev.heed.nn.Loader;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The encoder-decoder of Vaswani et al. 2017 under the names of Hugging Face's BART (Lewis et al.
 * 2020), Marian (Junczys-Dowmunt et al. 2018; the OPUS-MT models) and mBART (Liu et al. 2020).
 *
 * <ul>
 *   <li>BART: learned positions, a norm behind the embeddings, post-norm.
 *   <li>Marian: sinusoidal positions, no norm behind the embeddings, post-norm.
 *   <li>mBART: as BART, but pre-norm, with a norm at the end of both stacks.
 * </ul>
 *
 * Keys of the configuration that say otherwise count: {@code static_position_embeddings}, {@code
 * normalize_embedding}, {@code normalize_before}, {@code add_final_layer_norm}.
 */
public final class Bart implements EncoderDecoderModel {
  private final int hidden;
  private final BartEncoder encoder;
  private final InputEmbedding input;
  private final Decoder decoder;
  private final Linear head;
  private final DecoderModel.Dimensions dimensions;

  /**
   * Loads the weights.
   *
   * @param context positions of a target that will be used
   * @throws dev.heed.checkpoint.CheckpointException if a tensor is missing or has another shape
   * @throws ConfigException if positions are learned and fewer than {@code context}
   */
  public Bart(Config config, Loader loader, int context) {
    BartBlocks blocks = BartBlocks.of(config);
    this.hidden = blocks.hidden();
    Loader model = loader.has("model.encoder.layers.0.fc1.weight") ? loader.at("model") : loader;
    boolean shared = config.flag("share_encoder_decoder_embeddings", true);
    Embedding words =
        shared
            ? sharedWords(loader, model)
            : model.embedding("decoder.embed_tokens", hidden, Use.BOTH);
    this.encoder =
        new BartEncoder(
            blocks,
            model.at("encoder"),
            shared ? words : model.embedding("encoder.embed_tokens", hidden, Use.TABLE));
    Loader stack = model.at("decoder");
    Heads heads = blocks.heads("decoder_attention_heads");
    this.dimensions =
        new DecoderModel.Dimensions(
            config.integer("decoder_layers"), heads.count(), heads.dim(), words.size(), context);
    this.input = blocks.input(stack, words, context);
    int inner = config.integer("decoder_ffn_dim");
    this.decoder =
        new Decoder(
            IntStream.range(0, dimensions.layers())
                .mapToObj(i -> layer(blocks, heads, inner, stack.at("layers." + i)))
                .toList(),
            blocks.finalNorm(stack));
    boolean tied = config.flag("tie_word_embeddings", true) || !loader.has("lm_head.weight");
    this.head = head(loader, words, tied);
  }

  /** The one table of a model that shares it; files keep it under one of several names. */
  private Embedding sharedWords(Loader loader, Loader model) {
    for (String name : new String[] {"shared", "encoder.embed_tokens", "decoder.embed_tokens"}) {
      if (model.has(name + ".weight")) {
        return model.embedding(name, hidden, Use.BOTH);
      }
    }
    return loader.has("lm_head.weight")
        ? loader.embedding("lm_head", hidden, Use.BOTH)
        : model.embedding("shared", hidden, Use.BOTH);
  }

  /** The output projection, with a bias for each token. */
  private Linear head(Loader loader, Embedding words, boolean tied) {
    long vocabulary = words.size();
    Optional<Tensor> bias =
        loader.has("final_logits_bias")
            ? Optional.of(loader.tensor("final_logits_bias", 1, vocabulary).reshape(vocabulary))
            : Optional.empty();
    if (tied) {
      return words.tied(bias);
    }
    Linear own = loader.linear(hidden, Loader.rows("lm_head", vocabulary));
    return new Linear(own.parts().stream().map(p -> new Linear.Part(p.weight(), bias)).toList());
  }

  private static DecoderLayer layer(BartBlocks blocks, Heads heads, int inner, Loader at) {
    return new DecoderLayer(
        blocks.self(at.at("self_attn"), heads, true),
        blocks.addNorm(at, "self_attn_layer_norm"),
        Optional.of(
            new DecoderLayer.Cross(
                blocks.cross(at.at("encoder_attn"), heads),
                blocks.addNorm(at, "encoder_attn_layer_norm"))),
        blocks.feedForward(at, inner),
        blocks.addNorm(at, "final_layer_norm"));
  }

  @Override
  public EncoderModel encoder() {
    return encoder;
  }

  @Override
  public DecoderModel.Dimensions decoder() {
    return dimensions;
  }

  @Override
  public void project(Ops ops, Workspace ws, Tensor memory, CrossCache cross) {
    decoder.project(ops, ws, memory, cross);
  }

  @Override
  public void decode(
      Ops ops,
      Workspace ws,
      Batch batch,
      KvCache cache,
      CrossCache cross,
      Optional<Tensor> rows,
      Tensor logits) {
    long mark = ws.mark();
    Tensor x = ws.tensor(DType.F32, batch.tokens(), hidden);
    input.forward(ops, ws, x, batch.ids(), batch.positions());
    head.forward(ops, logits, decoder.forward(ops, ws, x, batch, cache, Optional.of(cross), rows));
    ws.release(mark);
  }
}
