package dev.heed.model;

import dev.heed.device.Use;
import dev.heed.nn.Batch;
import dev.heed.nn.CrossCache;
import dev.heed.nn.Decoder;
import dev.heed.nn.DecoderLayer;
import dev.heed.nn.Embedding;
import dev.heed.nn.KvCache;
import dev.heed.nn.Linear;
import dev.heed.nn.Loader;
import dev.heed.nn.ScaledDotProductAttention;
import dev.heed.op.Activation;
import dev.heed.op.Op;
import dev.heed.op.Ops;
import dev.heed.tensor.DType;
import dev.heed.tensor.Tensor;
import dev.heed.tensor.Workspace;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * T5 (Raffel et al. 2020) and its kin: v1.1 and Flan-T5 with a gated feed-forward network (Shazeer
 * 2020) and an output projection of their own, mT5 (Xue et al. 2021) with the words of 101
 * languages. Positions are a bias of the scores, one table for all layers of a stack.
 */
public final class T5 implements EncoderDecoderModel {
  private final int hidden;
  private final Embedding words;
  private final T5Encoder encoder;
  private final Decoder decoder;
  private final boolean tied;
  private final Linear head;
  private final DecoderModel.Dimensions dimensions;

  /**
   * Loads the weights.
   *
   * @param context positions of a target that will be used
   * @throws dev.heed.checkpoint.CheckpointException if a tensor is missing or has another shape
   */
  public T5(Config config, Loader loader, int context) {
    T5Blocks blocks = T5Blocks.of(config);
    this.hidden = blocks.hidden();
    this.tied = config.flag("tie_word_embeddings", true);
    this.words = blocks.words(loader, tied ? Use.BOTH : Use.TABLE);
    this.encoder = new T5Encoder(config, loader, words);
    this.dimensions =
        new DecoderModel.Dimensions(
            config.integer("num_decoder_layers", config.integer("num_layers")),
            blocks.heads().count(),
            blocks.heads().dim(),
            words.size(),
            context);
    Loader stack = loader.at("decoder");
    ScaledDotProductAttention attention = blocks.attention(stack, true);
    this.decoder =
        new Decoder(
            IntStream.range(0, dimensions.layers())
                .mapToObj(i -> layer(blocks, attention, stack.at("block." + i)))
                .toList(),
            Optional.of(blocks.norm(stack, "final_layer_norm")));
    this.head = tied ? words.tied() : loader.linear(hidden, Loader.rows("lm_head", words.size()));
  }

  private static DecoderLayer layer(
      T5Blocks blocks, ScaledDotProductAttention attention, Loader at) {
    return new DecoderLayer(
        blocks.self(at.at("layer.0.SelfAttention"), attention),
        blocks.preNorm(at.at("layer.0")),
        Optional.of(
            new DecoderLayer.Cross(
                blocks.cross(at.at("layer.1.EncDecAttention")), blocks.preNorm(at.at("layer.1")))),
        blocks.feedForward(at.at("layer.2.DenseReluDense")),
        blocks.preNorm(at.at("layer.2")));
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
    words.forward(ops, x, batch.ids());
    Tensor y = decoder.forward(ops, ws, x, batch, cache, Optional.of(cross), rows);
    if (tied) {
      float scale = (float) (1 / Math.sqrt(hidden)); // words of variance 1 as a projection
      ops.run(new Op.Activate(y, y, Activation.IDENTITY, 1, scale));
    }
    head.forward(ops, logits, y);
    ws.release(mark);
  }
}
