package dev.heed.model;

import dev.heed.nn.Embedding;
import dev.heed.nn.Encoder;
import dev.heed.nn.EncoderLayer;
import dev.heed.nn.Heads;
import dev.heed.nn.InputEmbedding;
import dev.heed.nn.Loader;
import dev.heed.op.Ops;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.stream.IntStream;

/** The encoder of {@link Bart}'s family. */
final class BartEncoder implements EncoderModel {
  private final int hidden;
  private final InputEmbedding input;
  private final Encoder encoder;

  BartEncoder(BartBlocks blocks, Loader stack, Embedding words) {
    Config config = blocks.config();
    Heads heads = blocks.heads("encoder_attention_heads");
    int inner = config.integer("encoder_ffn_dim");
    this.hidden = blocks.hidden();
    this.input = blocks.input(stack, words, config.integer("max_position_embeddings"));
    this.encoder =
        new Encoder(
            IntStream.range(0, config.integer("encoder_layers"))
                .mapToObj(i -> layer(blocks, heads, inner, stack.at("layers." + i)))
                .toList(),
            blocks.finalNorm(stack));
  }

  private static EncoderLayer layer(BartBlocks blocks, Heads heads, int inner, Loader at) {
    return new EncoderLayer(
        blocks.self(at.at("self_attn"), heads, false),
        blocks.addNorm(at, "self_attn_layer_norm"),
        blocks.feedForward(at, inner),
        blocks.addNorm(at, "final_layer_norm"));
  }

  @Override
  public int hidden() {
    return hidden;
  }

  @Override
  public int vocabulary() {
    return input.tokens().size();
  }

  @Override
  public int positions() {
    return input.positions().orElseThrow().positions();
  }

  @Override
  public void forward(Ops ops, Workspace ws, Input in, Tensor out) {
    input.forward(ops, ws, out, in.ids(), in.positions());
    encoder.forward(ops, ws, out, in.within());
  }
}
